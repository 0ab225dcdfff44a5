"""Make the certificates of the tests anew: `python make.py`, with the package cryptography.

Their keys are worth nothing: nobody trusts the authority that signs them.
"""

import datetime as dt
import ipaddress
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

HERE = Path(__file__).parent
YEAR = dt.timedelta(days=365)
NOW = dt.datetime(2025, 1, 1, tzinfo=dt.UTC)
LOOPBACK = [
    x509.DNSName("localhost"),
    x509.IPAddress(ipaddress.ip_address("127.0.0.1")),
    x509.IPAddress(ipaddress.ip_address("::1")),
]


def named(text):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def pem(key, *certificates):
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return private + b"".join(c.public_bytes(serialization.Encoding.PEM) for c in certificates)


def certificate(key, name, issuer, signer, begin, end, names=(), authority=False):
    built = (
        x509.CertificateBuilder()
        .subject_name(named(name))
        .issuer_name(named(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(end)
        .add_extension(x509.BasicConstraints(authority, None), critical=True)
    )
    if names:
        built = built.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return built.sign(signer, hashes.SHA256())


def main():
    root = ec.generate_private_key(ec.SECP256R1())
    authority = certificate(
        root, "test authority", "test authority", root, NOW, NOW + 100 * YEAR, authority=True
    )
    (HERE / "authority.pem").write_bytes(authority.public_bytes(serialization.Encoding.PEM))
    other = [x509.DNSName("elsewhere.example")]
    for file, begin, end, names in (
        ("good", NOW, NOW + 99 * YEAR, LOOPBACK),
        ("expired", NOW - 2 * YEAR, NOW - YEAR, LOOPBACK),
        ("early", NOW + 98 * YEAR, NOW + 99 * YEAR, LOOPBACK),
        ("elsewhere", NOW, NOW + 99 * YEAR, other),
    ):
        key = ec.generate_private_key(ec.SECP256R1())
        made = certificate(key, "server", "test authority", root, begin, end, names)
        (HERE / f"{file}.pem").write_bytes(pem(key, made))
    key = ec.generate_private_key(ec.SECP256R1())
    own = certificate(key, "server", "server", key, NOW, NOW + 99 * YEAR, LOOPBACK)
    (HERE / "self-signed.pem").write_bytes(pem(key, own))


if __name__ == "__main__":
    main()
