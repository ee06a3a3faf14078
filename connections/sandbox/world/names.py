"""Words the sandbox's world is made of: people, devices and their services."""

from __future__ import annotations

OWNER = "svc-rollout@example.com"

PEOPLE = (
    OWNER,
    "vendor-acme@example.net",
    "dana.k@example.com",
    "m.oyelaran@example.com",
    "field-team-3@example.com",
    "j.lindqvist@example.com",
    "night-shift@example.com",
    "contractor-hvac@example.net",
    "priya.raman@example.com",
    "tomasz.w@example.org",
    "support-l2@example.com",
    "vendor-turbinen@example.net",
)

#: Accounts that the login is a member of, with devices of their own: e-mail address -> name.
ORGANISATIONS = {
    "it@harbour-logistics.example": "Harbour Logistics",
    "betrieb@nordlicht-energie.example": "Nordlicht Energie",
}

DEVICE_NAMES = (
    ("EU-West kiosk {:04d}", 2400),
    ("US-East kiosk {:04d}", 2400),
    ("Lift controller HH {:03d}", 400),
    ("Plant 7 PLC gateway {}", 190),
    ("Plant 12 PLC gateway {}", 190),
    ("Wind park Nordsee turbine {}", 80),
    ("Pharmacy POS {}", 4000),
    ("Car wash Bremen {}", 60),
    ("Greenhouse Almería pump {}", 90),
    ("Cold store Malmö sensor {:02d}", 99),
    ("Estación Atocha display {}", 120),
    ("Parking A7 barrier {:02d}", 60),
    ("Substation RTU {:04d}", 900),
    ("Clinic MRI console {}", 40),
    ("Digital signage Kraków {:03d}", 300),
    ("Solar inverter string {}-B", 500),
    ("Water tower, sector {}", 30),
    ("Ferry terminal CCTV {:02d}", 48),
    ('Lab bench "{}"', 24),
    ("raspberrypi-{}", 99),
)

#: kind, port, names, type id (octets 0-1 of devicetype). The ids are those of the vendor's npm package remote.it.
SERVICE_KINDS = (
    ("ssh", 22, ("SSH", "ssh", "SSH maintenance", "Shell"), "00:1C"),
    ("http", 80, ("Web UI", "Admin HTTP", "Dashboard", "HTTP 80"), "00:07"),
    ("rdp", 3389, ("Remote Desktop", "RDP", "HMI desktop"), "00:05"),
    ("vnc", 5900, ("VNC", "Screen", "VNC panel"), "00:04"),
)
BULK_TYPE = "00:23"
