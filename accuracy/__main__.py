"""`python -m accuracy`."""

from __future__ import annotations

import sys

from accuracy.run import main

sys.exit(main())
