"""A company and its contact, as the wire takes them."""

from clients.ion.models import Address
from clients.partner_center.models import PcAddress

PLACE = Address("One Microsoft Way", "", "Redmond", "WA", "98052", "US")
BILLING = PcAddress(
    address_line1="One Microsoft Way",
    city="Redmond",
    state="WA",
    postal_code="98052",
    country="US",
    first_name="Al",
    last_name="Pine",
    phone_number="4255550100",
)
