//go:build tools

// Package cli names the program that `make cli` builds, so that go.mod and go.sum hold what it needs.
package cli

import _ "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
