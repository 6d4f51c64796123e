"""What the client gets: how to sign in to the new tenant for the first time, in English or French.

Source: the article (portal address, `admin@<domain>.onmicrosoft.com`). That Microsoft asks for a new password and a
second proof at the first sign-in was never tried on a live tenant, so the text says what to do when it does not.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal

import schemas
from schemas.kinds import microsoft
from schemas.plain import plain

Language = Literal["en", "fr"]

_TEXTS: Mapping[str, str] = {
    "en": """\
Your Microsoft tenant: first sign-in of the administrator

Company     {company}
For         {to}
Address     {portal}
User name   {user}
Password    {password}

1. Open {portal} in a private browser window.
2. Enter the user name exactly as above, with everything after the @, then the password.
3. Microsoft asks for a new password: choose one that only you know. If it does not ask, change it at once
   under your picture (upper right) > View account > Password. The password above may not stay in use.
4. Microsoft asks for more information to protect the account: register multifactor authentication (MFA)
   with the Microsoft Authenticator app or a phone. If it does not ask, do it at https://aka.ms/mfasetup.
5. This user is the Global Administrator of your tenant. Make a second administrator, so that nobody is
   locked out when a phone is lost.

This is the only copy: we keep none and cannot send it again. Destroy it after the first sign-in.
If somebody else may have read it, tell us before you sign in.
""",
    "fr": """\
Votre locataire Microsoft : première connexion de l'administrateur

Société        {company}
Destinataire   {to}
Adresse        {portal}
Utilisateur    {user}
Mot de passe   {password}

1. Ouvrez {portal} dans une fenêtre de navigation privée.
2. Entrez le nom d'utilisateur exactement comme ci-dessus, avec tout ce qui suit le @, puis le mot de passe.
3. Microsoft demande un nouveau mot de passe : choisissez-en un que vous seul connaissez. Sinon, changez-le
   aussitôt sous votre photo (en haut à droite) > Afficher le compte > Mot de passe. Celui ci-dessus ne doit
   pas rester en usage.
4. Microsoft demande des renseignements pour protéger le compte : inscrivez l'authentification multifacteur
   (MFA) avec l'application Microsoft Authenticator ou un téléphone. Sinon : https://aka.ms/mfasetup.
5. Cet utilisateur est l'administrateur général de votre locataire. Créez un second administrateur, pour que
   personne ne reste à la porte si un téléphone se perd.

Ceci est le seul exemplaire : nous n'en gardons aucun et ne pouvons pas le renvoyer. Détruisez-le après la
première connexion. Si quelqu'un d'autre a pu le lire, dites-le-nous avant de vous connecter.
""",
}


def user_name(given: str, customer: schemas.Customer) -> str:
    """The full sign-in name. Microsoft answers with the bare `admin`; the domain is that of the new tenant."""
    name = given.strip() or "admin"
    identity = customer.identity
    if "@" in name or not isinstance(identity, schemas.NewIdentity):
        return name
    # An order's answer may hold the domain alone (ion.md 4).
    return f"admin@{name}" if name.lower() == identity.initial_domain else f"{name}@{identity.initial_domain}"


def language_of(customer: schemas.Customer) -> Language:
    """The tenant's language where we have it, else English."""
    identity = customer.identity
    own = identity.language[:2].lower() if isinstance(identity, schemas.NewIdentity) else ""
    return "fr" if own == "fr" else "en"


def render(customer: schemas.Customer, *, to: str, user: str, password: str, language: str) -> str:
    """The package as plain text; it holds the password, so it goes to its recipient and nowhere else."""
    told = {"company": plain(customer.company), "to": plain(to), "user": plain(user_name(user, customer))}
    values = {**told, "portal": microsoft.PORTAL, "password": password}
    return re.sub(r"\{(\w+)\}", lambda found: values[found[1]], _TEXTS[language])
