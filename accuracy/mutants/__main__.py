"""`python -m accuracy.mutants`."""

from __future__ import annotations

import sys

from accuracy.mutants.run import main

sys.exit(main())
