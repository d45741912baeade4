"""`python -m accuracy`."""

from __future__ import annotations

import sys

from accuracy.corpus.run import main

sys.exit(main())
