"""`python -m accuracy.real`."""

from __future__ import annotations

import sys

from accuracy.real.examine import main

sys.exit(main())
