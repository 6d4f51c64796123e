"""Kinds of values and what the world knows of them: countries, addresses, phones, names, domains, hosts."""
