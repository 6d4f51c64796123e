"""Findings, the table of rules, SARIF."""
