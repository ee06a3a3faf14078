from __future__ import annotations

import sys

from remoteit_admin_client.cli import main

sys.exit(main())
