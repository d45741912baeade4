"""The run over the targets: each is scanned, triaged and written, and the worst determines the exit code."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, NamedTuple

from imgscan.cli.baseline import today
from imgscan.cli.exits import EXIT_CLEAN, EXIT_INCOMPLETE
from imgscan.cli.failing import ExitPolicy
from imgscan.cli.stdio import say
from imgscan.cli.stopping import Timeout, heed_signals
from imgscan.errors import ImgscanError, OutputError
from imgscan.model import Diagnostic, TargetReport

if TYPE_CHECKING:
    from collections.abc import Iterator

    from imgscan.cli.accepted import Accepted
    from imgscan.cli.library import Library
    from imgscan.cli.outputs import Outputs
    from imgscan.cli.request import Commits, Files, Images, ScanRequest


def scan_targets(wanted: Images | Files | Commits, request: ScanRequest) -> int:
    """Scan each target as requested, write the reports, and return the exit code."""
    from imgscan.cli.accepted import Accepted  # noqa: PLC0415 - all of these keep --help and --version quick
    from imgscan.cli.bar import make_progress  # noqa: PLC0415
    from imgscan.cli.library import Library  # noqa: PLC0415
    from imgscan.cli.outputs import Outputs  # noqa: PLC0415
    from imgscan.detect.stripe import STRIPE  # noqa: PLC0415

    heed_signals()
    with ExitStack() as stack:
        progress = stack.enter_context(make_progress(enabled=request.progress))
        library = Library(wanted, request, progress)
        accepted = Accepted(request, [rule.id for rule in STRIPE.rules], library.redact)
        stack.callback(accepted.tell, say, verbose=bool(request.verbose))
        outputs = stack.enter_context(Outputs(request, before_write=progress.hide))
        timeout = stack.enter_context(Timeout(request.timeout))
        policy = ExitPolicy(request.fail_on, request.strict)
        return _Stations(library, accepted, timeout, outputs, policy).all(wanted, verbose=bool(request.verbose))


class _Stations(NamedTuple):
    """What each report goes through, in this order."""

    library: Library
    accepted: Accepted
    timeout: Timeout
    outputs: Outputs
    policy: ExitPolicy

    def all(self, wanted: Images | Files | Commits, *, verbose: bool) -> int:
        """Scan each target and return the overall exit code. One that fails does not stop the others."""
        code, told = EXIT_CLEAN, not verbose
        for target in wanted.targets:
            try:
                if not told:  # here, where Ctrl-C still leads to a report
                    _tell_setup(self.library)
                    told = True
                for report in self._reports(target):
                    self.outputs.target(report)
                    code = max(code, self.policy.code(report))
                    _tell_errors(report)
            except OutputError:
                raise
            except ImgscanError as error:
                say(str(error))
                self.outputs.target(self._failed(target, wanted, "target-unreadable", str(error)))
                code = EXIT_INCOMPLETE
            except KeyboardInterrupt:  # before there was anything to report about this target
                message = "the scan was interrupted before anything of this target was searched"
                say(f"{target}: {message}")
                self.outputs.target(self.timeout.explain(self._failed(target, wanted, "interrupted", message)))
                code = EXIT_INCOMPLETE
                break
            if self.library.interrupted:
                break
        self.outputs.finish()
        self.outputs.tell(say)
        return code

    def _reports(self, target: str) -> Iterator[TargetReport]:
        for report in self.library.scan(target):
            yield self.timeout.explain(self.accepted.apply(report, today()))

    def _failed(self, target: str, wanted: Images | Files | Commits, code: str, message: str) -> TargetReport:
        conceal = self.library.conceal
        return TargetReport(
            target=conceal(target),
            kind=wanted.kind,
            diagnostics=(Diagnostic("error", code, conceal(message)),),
        )


def _tell_errors(report: TargetReport) -> None:
    errors = [diagnostic for diagnostic in report.diagnostics if diagnostic.severity == "error"]
    if errors:
        more = f" (and {len(errors) - 1} more, see the report)" if len(errors) > 1 else ""
        say(f"{report.target}: the scan is not complete: {errors[0].message}{more}")


def _tell_setup(library: Library) -> None:
    from imgscan.streams.deflate import ACCELERATED  # noqa: PLC0415 - only on request

    say("searching with " + ("Hyperscan" if library.screened else "the automaton alone: Hyperscan is missing"))
    say("inflating gzip with " + ("isal" if ACCELERATED else "zlib: isal is missing, which is slower"))
