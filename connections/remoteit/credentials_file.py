"""The vendor's credentials file, `~/.remoteit/credentials`: an access key and the developer key in ini format."""

from __future__ import annotations

import configparser

from connections.remoteit.credentials import Credentials
from connections.remoteit.wire.signing import InvalidAccessKey

PROFILE = "default"
KEY_ID, SECRET, DEVELOPER_KEY = "R3_ACCESS_KEY_ID", "R3_SECRET_ACCESS_KEY", "R3_DEVELOPER_API_KEY"


class InvalidCredentialsFile(ValueError):
    """The text can't be used; the message says why in one sentence and repeats no value."""


def read_credentials_file(text: str) -> Credentials:
    """Return the credentials in the section ``[default]`` of the text of a credentials file.

    Source: the vendor's page "authentication", "Create a remote.it Credentials File": names of sections are
    case-insensitive. Raises InvalidCredentialsFile.
    """
    section = _default_section(_parsed(text.removeprefix("\ufeff")))
    lacking = [name for name in (KEY_ID, SECRET) if not section.get(name)]
    if lacking:
        raise InvalidCredentialsFile(f"The section [{PROFILE}] has no {' and no '.join(lacking)}.")
    credentials = Credentials(
        developer_key=section.get(DEVELOPER_KEY, ""), access_key_id=section[KEY_ID], secret_access_key=section[SECRET]
    )
    try:
        credentials.signer()
    except InvalidAccessKey as error:
        raise InvalidCredentialsFile(f"{error}.") from None
    return credentials


def _parsed(text: str) -> configparser.ConfigParser:
    # No default section of its own: here [DEFAULT] is a section like any other.
    parser = configparser.ConfigParser(
        delimiters=("=",), interpolation=None, default_section="", empty_lines_in_values=False
    )
    # The libraries' messages quote the lines, secrets and all.
    try:
        parser.read_string(text)
    except configparser.MissingSectionHeaderError as error:
        raise InvalidCredentialsFile(f"Line {error.lineno} stands before any section such as [{PROFILE}].") from None
    except (configparser.DuplicateOptionError, configparser.DuplicateSectionError) as error:
        raise InvalidCredentialsFile(f"Line {error.lineno} repeats what an earlier line says.") from None
    except configparser.ParsingError as error:
        number = error.errors[0][0]
        raise InvalidCredentialsFile(f"Line {number} is neither a section nor NAME=value.") from None
    return parser


def _default_section(parser: configparser.ConfigParser) -> configparser.SectionProxy:
    found = [name for name in parser.sections() if name.lower() == PROFILE]
    if len(found) > 1:
        raise InvalidCredentialsFile(f"There are {len(found)} sections called [{PROFILE}].")
    if not found:
        others = ", ".join(f"[{name}]" for name in parser.sections())
        raise InvalidCredentialsFile(f"There is no section [{PROFILE}]{f', only {others}' if others else ''}.")
    return parser[found[0]]
