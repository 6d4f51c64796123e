"""The scale of the product: `make bench` measures it on seeded estates, `make numbers` writes docs/numbers.md."""
