"""The table of validation rules. ``docs/rules.md`` is generated from it; ids never change their meaning."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: its id, what it asks for, and why."""

    id: str
    title: str
    why: str


_TABLE = """
CSP-YAML-001 | The file is well-formed YAML. | Nothing can be read otherwise.
CSP-YAML-002 | Indentation uses spaces, never tabs. | YAML forbids tabs there, and they are invisible in a review.
CSP-YAML-003 | A key appears once in a mapping. | YAML readers disagree on which of two values wins.
CSP-YAML-004 | The file is not empty. | An empty file declares nothing and is most likely a slip.
CSP-YAML-005 | No anchors, aliases or merge keys. | A reviewer must see each value where it applies.
CSP-YAML-006 | One file holds one document. | A second document would be ignored.
CSP-YAML-007 | The file is UTF-8 text of at most 1 MiB, inside the project, no device or pipe. | Else it is not read.
CSP-YAML-008 | No YAML tags (`!something`). | Tags can start code in other readers; nothing here needs one.
CSP-YAML-009 | Keys are plain texts. | Lists and mappings as keys mean nothing here.
CSP-MORE-001 | At most 100 findings of a file and 1,000 of a stack are listed. | The rest is counted; nobody reads more.
CSP-SHAPE-001 | Every required key is there. | The value cannot be guessed.
CSP-SHAPE-002 | Every key is known. | A misspelt key would silently have no effect.
CSP-SHAPE-003 | A value has the right type. | Numbers lose leading zeros, and `on` is not `true`.
CSP-SHAPE-004 | A value is one of those allowed. | Other values have no meaning.
CSP-SHAPE-005 | A value has the right form and length. | See the field table in the docs.
CSP-EST-001 | An `include` pattern matches a file inside the project. | A pattern that matches nothing hides customers.
CSP-EST-002 | The stack file holds `csp:estate`. | Without it the stack declares nothing.
CSP-EST-003 | A key belongs to one customer. | Keys name the resources in state.
CSP-EST-004 | A former key is used by nobody else. | Two customers would claim one remembered identity.
CSP-EST-005 | The connection exists. | It says which account serves the customer.
CSP-EST-006 | A YAML file below `stacks/` belongs to a stack. | It declares nothing, and somebody may believe it does.
CSP-CUST-001 | An e-mail address is valid. | ION and Microsoft refuse others, after half the work is done.
CSP-CUST-002 | One e-mail belongs to one customer. | ION finds a customer by it (CUS-CR-001).
CSP-CUST-003 | A country is named by ISO 3166-1 code or English name. | ION and Microsoft get the two-letter code.
CSP-CUST-004 | State or province is one of the country's, by code or name. | Microsoft keeps an invented one.
CSP-CUST-005 | The postal code fits country and state. | Microsoft checks city, state and postal code together.
CSP-CUST-006 | A phone number is possible in its country. | Microsoft refuses others in several countries.
CSP-CUST-007 | The language is one of ION's codes (two upper-case letters). | ION refuses others (CUS-CR-002).
CSP-CUST-008 | The connection serves the customer's country. | A Partner Center sells in its own region only.
CSP-CUST-009 | A key has lower-case letters, digits and hyphens only. | It is part of resource names for ever.
CSP-CUST-010 | `lifecycle` fits the other settings. | A customer who leaves is not adopted, made again or let in to buy.
CSP-CUST-011 | `unknown` names fields that may be filled in later and are not filled in yet. | It must not hide a typo.
CSP-CUST-012 | `as_found` names fields that have a value. | It must not hide a typo, nor outlive what it was for.
CSP-CUST-013 | The ION contact's e-mail is the customer's. | ION knows the customer by it.
CSP-PROV-001 | The customer has a pricebook. | No price, no purchase.
CSP-PROV-002 | The pricebook belongs to the connection. | ION lists the account's own pricebooks only.
CSP-PROV-003 | Provider currency is the pricebook's. | In ION a pricebook belongs to one provider currency.
CSP-PROV-004 | A currency is an ISO 4217 code. | ION uses nothing else.
CSP-PROV-005 | The connection bills in the currency. | The account has no other.
CSP-ID-001 | A tenant id is a GUID. | Microsoft's ids are nothing else.
CSP-ID-002 | A domain is a valid domain name, without scheme or path. | It is looked up in OpenID discovery.
CSP-ID-003 | A domain prefix has at most 27 characters. | `<prefix>.onmicrosoft.com` may have 43.
CSP-ID-004 | A domain prefix has lower-case letters and digits only. | Others are refused or uncertain.
CSP-ID-005 | `confirm_new_tenant` repeats the prefix. | A new tenant cannot be undone.
CSP-ID-006 | One tenant belongs to one customer. | ION and Microsoft link a tenant to one customer.
CSP-ID-007 | An existing tenant is named by domain or tenant id. | Nothing can be found otherwise.
CSP-ID-008 | An invitation has a relationship link for its Partner Center. | A link of another country does not work.
CSP-ID-009 | One-time credentials have somewhere to go. | The password of a new tenant is shown once.
CSP-ID-010 | CSP credentials are named for a tenant that is made in ION. | ION's form asks for them.
CSP-ID-011 | `direct_customer` is for those who may make direct customers. | A reseller has none.
CSP-ID-012 | Countries that ask for a registration number and phone get them. | Microsoft refuses the tenant (600051).
CSP-ID-013 | A Global Admin is the customer's, not ours. | Nobody acts for the customer.
CSP-ID-015 | The contact of a new tenant is the customer's, not ours. | Microsoft refuses our own domain.
CSP-ID-014 | A culture or language is known. | Microsoft refuses others.
CSP-ID-016 | A connection whose links invite customers names its reseller. | Else any partner's link would pass.
CSP-ATT-001 | The agreement has a signatory. | Somebody must accept it, by name.
CSP-ATT-002 | The signatory is the customer's, not ours. | Nobody acts for the customer.
CSP-ATT-003 | The agreement is of a day that still counts. | Agreements before 2023-04-01 must be accepted again.
CSP-ATT-004 | A live connection names the call that asks for the agreement of a new tenant. | Its form is not public.
CSP-NAME-001 | A company name is one that Microsoft takes. | It refuses others before relationship and order.
CSP-NAME-002 | A person's name is one that Microsoft takes. | It refuses others before relationship and order.
CSP-NAME-003 | The name of a company or person holds no address. | A mail leads nowhere but to its link.
CSP-MAIL-001 | The domain of an e-mail can exist. | A create that fails half-way costs the domain prefix for ever.
CSP-MAIL-002 | A part of a domain is written in one script. | Letters of two scripts in one word are made to deceive.
CSP-MAIL-003 | The people whom Microsoft is told of are not at microsoft.com. | Microsoft refuses them.
CSP-MAIL-004 | A mail template can be used, and some mail is made of it. | What it says would reach nobody.
CSP-TEXT-001 | Texts hold no control, format or bidirectional characters. | Nobody sees them.
CSP-DATE-001 | A date is written YYYY-MM-DD. | Other orders are read differently by different people.
CSP-DATE-002 | A date is not in the future. | It states what has happened.
CSP-CONF-001 | A confirmation holds the confirmed values. | Another value voids it; a command writes them.
CSP-CONF-002 | A confirmed field can be confirmed. | Only what no API shows is confirmed by a person.
CSP-CONN-001 | A relationship link is one of Microsoft's. | A wrong link sends customers elsewhere.
CSP-CONN-002 | A relationship link asks for no DAP rights. | DAP gives broad admin rights and is retired.
CSP-CONN-003 | A relationship link names this connection's reseller. | Customers would be joined to another reseller.
CSP-CONN-004 | The connection has what its role needs. | The role decides who may call what.
CSP-CONN-005 | The connection has nothing its role cannot use. | An indirect reseller may not call Partner Center.
CSP-CONN-006 | Addresses use https, save a sandbox on this machine. | Tokens would travel in the clear.
CSP-CONN-007 | Credentials are never in a file. | Files are reviewed, copied and kept for ever.
CSP-CONN-008 | A pricebook's currency is one of the connection's. | The account has no other.
CSP-CONN-009 | A token store names one place, a handover at least one. | Two stores mean two truths.
CSP-CONN-010 | Follow-up days rise. | They are counted from the start of a wait.
CSP-CONN-011 | The name in the file is the file's name. | Customers refer to a connection by its file.
CSP-CONN-012 | Credentials go to hosts that are built in or named by the runner. | One line could give tokens away.
CSP-CONN-013 | A token file is below CSP_HOME or in no work tree. | One `git add` would publish the tokens.
CSP-CONN-014 | A Partner Center and cohort has one relationship link. | A reviewer could see one, a customer another.
"""

RULES: dict[str, Rule] = {
    rule.id: rule for rule in (Rule(*(part.strip() for part in row.split("|"))) for row in _TABLE.strip().splitlines())
}

SENT = frozenset(
    ("CSP-CUST-004", "CSP-CUST-005", "CSP-CUST-006", "CSP-ID-015", "CSP-NAME-001", "CSP-NAME-002", "CSP-MAIL-001")
) | {"CSP-MAIL-002", "CSP-MAIL-003", "CSP-TEXT-001", "CSP-ID-009", "CSP-ID-016", "CSP-ATT-004"}
"""Rules about values that a remote system refuses when they are sent. What it holds already is not sent: a value that
`as_found` names, that is unchanged since the last run, or of a customer who leaves breaks them with a warning."""


def markdown() -> str:
    """The rule table as a page."""
    rows = "\n".join(f"| `{r.id}` | {r.title} | {r.why} |" for r in RULES.values())
    return (
        "# Validation rules\n\n"
        "Generated by `python -m schemas.generate`; do not edit.\n\n"
        "Every finding of `csp validate` is one line: file, line, column, field, rule, what is wrong, what to try.\n\n"
        f"| rule | what it asks for | why |\n|---|---|---|\n{rows}\n\n"
        "Rules that ask only for what is sent, and so are warnings for what a system holds already: "
        f"{', '.join(f'`{name}`' for name in sorted(SENT))}.\n"
    )
