"""Sorts of changes at Microsoft: tenants and their records, relationships, agreements."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from drills.seed.estate import SETTLED, Made
from drills.seed.sorts import LOST, SORTS, Pen, RemoteChange, Sort, Verdict, change, one_each, sort

ATTESTED = ("ready", "made", "by domain")
DAY_UNSEEN = "cloudProfiles may call an old agreement accepted; its day costs a call more a customer (deprecated)"
DIRECT_UNSEEN = "cloudProfiles may say accepted before and after; no list of ION shows a direct acceptance with a day"


def _record(
    name: str,
    paths: tuple[str, ...],
    values: Callable[[Pen, Made], dict[str, str]],
    *,
    kind: str = "drift",
    needs: str = "",
    logged: bool = True,
) -> None:
    """A sort that sets members of the billing profile of a tenant that we made. needs: what the file must name;
    logged: Partner Center's activity log tells of it. No path: the change means nothing new."""

    def fits(made: Made) -> bool:
        return not needs or needs in made.declared.identity.model_fields_set

    def make(pen: Pen, made: Made) -> RemoteChange:
        order = {"do": "billing", "tenant": made.tenant, "set": values(pen, made)}
        order |= {"account": pen.estate.account} if logged else {}
        return change(name, [order], *one_each(kind, made, *(f"identity.{path}" for path in paths)))

    SORTS.append(Sort(name, ("made",), make, ("provider",), fits))


def _contact_phone(pen: Pen, made: Made) -> dict[str, str]:
    return {"contact.phone": f"00{str(made.declared.profile.phone)[1:]}"}


def _moved(pen: Pen, made: Made) -> dict[str, str]:
    return {"address.street": f"{pen.serial()} New Road", "address.city": "Salem", "address.zip": "97301"}


_record(
    "tenant contact's e-mail changed",
    ("contact.email",),
    lambda pen, made: {"email": f"bills@{made.key}.example", "contact.email": f"bills@{made.key}.example"},
)
_record(
    "tenant contact is another person",
    ("contact.first_name", "contact.last_name"),
    lambda pen, made: {"contact.first_name": "Una", "contact.last_name": f"Known{pen.serial()}"},
    logged=False,
)
_record("tenant contact's phone changed", ("contact.phone",), lambda pen, made: {"contact.phone": "12065550177"})
_record("tenant contact's phone out of sight", ("contact.phone",), lambda pen, made: {"contact.phone": ""}, kind=LOST)
_record("tenant address changed", ("address.street", "address.city", "address.zip"), _moved, needs="address")
_record("tenant culture changed", ("culture",), lambda pen, made: {"culture": "fr-FR"}, needs="culture", logged=False)
_record(
    "tenant renamed",
    ("company_name",),
    lambda pen, made: {"company_name": f"Renamed {pen.serial()} Inc"},
    needs="company_name",
)
_record("tenant contact's phone in another form", (), _contact_phone, logged=False)
_record("tenant's e-mail in capitals", (), lambda pen, made: {"email": made.email.upper()})
_record("tenant's ZIP+4", (), lambda pen, made: {"address.zip": f"{made.declared.profile.address.zip}-0001"})


@sort("relationship ended", *SETTLED, roles=("provider",))
def _ended(pen: Pen, made: Made) -> RemoteChange:
    order = {"do": "end_relationship", "tenant": made.tenant, "account": pen.estate.account}
    return change(
        "relationship ended",
        [order],
        *one_each("drift", made, "identity.relationship"),
        *one_each(LOST, made, "attestation.agreement"),
        *one_each("inconsistent", made, "consistency"),
    )


@sort("invitation accepted", "not related", roles=("provider",))
def _accepted(pen: Pen, made: Made) -> RemoteChange:
    orders = [
        {"do": "relate", "tenant": made.tenant, "account": pen.estate.account},
        {"do": "agreement", "tenant": made.tenant, "kind": "direct"},
    ]
    expected = one_each("progress", made, "identity.relationship", "attestation.agreement")
    return change("invitation accepted", orders, *expected)


@sort("customer of another reseller", "made", roles=("provider",))
def _other_reseller(pen: Pen, made: Made) -> RemoteChange:
    other = "11111111-2222-4333-8444-555555555555"
    order = {"do": "reseller", "tenant": made.tenant, "account": pen.estate.account, "reseller": other}
    return change("customer of another reseller", [order], *one_each("drift", made, "identity.direct_customer"))


@sort("reseller of a customer out of sight", "made", roles=("provider",))
def _no_reseller(pen: Pen, made: Made) -> RemoteChange:
    order = {"do": "reseller", "tenant": made.tenant, "account": pen.estate.account}
    return change("reseller of a customer out of sight", [order], *one_each(LOST, made, "identity.direct_customer"))


@sort("agreements gone", *SETTLED)
def _no_agreement(pen: Pen, made: Made) -> RemoteChange:
    order = {"do": "agreement", "tenant": made.tenant, "kind": "none"}
    return change("agreements gone", [order], *one_each("drift", made, "attestation.agreement"))


@sort("agreement too old", *ATTESTED)
def _old_agreement(pen: Pen, made: Made) -> RemoteChange:
    order = {"do": "agreement", "tenant": made.tenant, "kind": "attested", "date": "2022-11-01"}
    if pen.strict and not pen.partner:
        return replace(change("agreement too old", [order]), unseen=DAY_UNSEEN)
    return change("agreement too old", [order], *one_each("drift", made, "attestation.agreement"))


@sort("attested by another person", *ATTESTED, roles=("provider",))
def _other_signer(pen: Pen, made: Made) -> RemoteChange:
    contact = {"first_name": "Some", "last_name": "Body", "email": f"somebody@{made.key}.example"}
    order = {"do": "agreement", "tenant": made.tenant, "kind": "attested", "contact": contact}
    return change("attested by another person", [order], *one_each("drift", made, "attestation.signatory"))


@sort("attested again by the same person", *ATTESTED)
def _same_signer(pen: Pen, made: Made) -> RemoteChange:
    signatory = made.declared.attestation.signatory
    assert signatory is not None
    contact = signatory.model_dump(exclude_none=True) | {"email": signatory.email.upper()}
    order = {"do": "agreement", "tenant": made.tenant, "kind": "attested", "contact": contact}
    return change("attested again by the same person", [order])


@sort("agreement accepted", "no agreement", "old agreement")
def _agreement(pen: Pen, made: Made) -> RemoteChange:
    order = {"do": "agreement", "tenant": made.tenant, "kind": "direct"}
    if pen.strict and not pen.partner and made.situation == "old agreement":
        return replace(change("agreement accepted", [order]), unseen=DIRECT_UNSEEN)
    return change("agreement accepted", [order], *one_each("progress", made, "attestation.agreement"))


@sort("tenant nobody declares", roles=("provider",))
def _stray_tenant(pen: Pen, made: Made) -> RemoteChange:
    stranger = pen.stranger()
    expected: list[Verdict] = [("unmanaged", "", "tenant"), ("inconsistent", "", "consistency")]
    related = [{"tenant": stranger["initial_domain"], "account": pen.estate.account}]
    return change("tenant nobody declares", [], *expected, tenants=[stranger], relationships=related)
