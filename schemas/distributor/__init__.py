"""The distributor that this house serves: what texts say of it, from one profile."""

from schemas.distributor.td_synnex import TD_SYNNEX

DISTRIBUTOR = TD_SYNNEX
