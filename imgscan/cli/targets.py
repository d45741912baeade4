"""The run over the targets: each is scanned, triaged and written, and the worst determines the exit code."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

from imgscan.cli.baseline import today
from imgscan.cli.exits import EXIT_CLEAN
from imgscan.cli.failing import ExitPolicy
from imgscan.cli.stdio import say
from imgscan.cli.stopping import TIMEOUT, Supervisor
from imgscan.errors import INTERNAL, UNTOUCHED, ImgscanError, OutputError, TargetError, internal
from imgscan.model import Diagnostic, TargetReport
from imgscan.streams.stop import INTERRUPTED

if TYPE_CHECKING:
    from imgscan.cli.accepted import Accepted
    from imgscan.cli.library import Library
    from imgscan.cli.outputs import Outputs
    from imgscan.cli.request import Commits, Files, Images, ScanRequest
    from imgscan.model import TargetKind


def scan_targets(wanted: Images | Files | Commits, request: ScanRequest) -> int:
    """Scan each target as requested, write the reports, and return the exit code."""
    supervisor = Supervisor(request.timeout)
    return supervisor.run(lambda: _scan(wanted, request, supervisor))


def _scan(wanted: Images | Files | Commits, request: ScanRequest, supervisor: Supervisor) -> int:
    from imgscan.cli.accepted import Accepted  # noqa: PLC0415 - all of these keep --help and --version quick
    from imgscan.cli.bar import make_progress  # noqa: PLC0415
    from imgscan.cli.library import Library  # noqa: PLC0415
    from imgscan.cli.outputs import Outputs, spare_inputs  # noqa: PLC0415
    from imgscan.detect.stripe import STRIPE  # noqa: PLC0415

    spare_inputs(request, wanted.inputs)
    with ExitStack() as stack:
        progress = stack.enter_context(make_progress(enabled=request.progress))
        library = Library(wanted, request, progress, supervisor.stop)
        accepted = Accepted(request, [rule.id for rule in STRIPE.rules], library.redact)
        stack.callback(accepted.tell, say, verbose=bool(request.verbose))
        outputs = stack.enter_context(Outputs(request, supervisor.stop, before_write=progress.hide))
        policy = ExitPolicy(request.fail_on, request.strict)
        return _Stations(library, accepted, supervisor, outputs, policy).all(wanted, verbose=bool(request.verbose))


@dataclass(slots=True)
class _Stations:
    """What each report goes through, in this order. `ended` says that a report has the end of the whole run."""

    library: Library
    accepted: Accepted
    supervisor: Supervisor
    outputs: Outputs
    policy: ExitPolicy
    ended: bool = False

    def all(self, wanted: Images | Files | Commits, *, verbose: bool) -> int:
        """Scan each target and return the overall exit code. One that fails does not stop the others."""
        code = EXIT_CLEAN
        if verbose:
            _tell_setup(self.library)
        for target in wanted.targets:
            code = max(code, self._target(target, wanted.kind))
            if self.ended:
                break
        self.outputs.finish()
        self.outputs.tell(say)
        return code

    def _target(self, target: str, kind: TargetKind) -> int:
        """Scan one target and return its exit code; whatever happens, there is a report."""
        stop = self.supervisor.stop
        code = EXIT_CLEAN
        try:
            if stop.is_set():
                raise TargetError(UNTOUCHED)  # noqa: TRY301 - as if it had been stopped while it was opened
            for report in self.library.scan(target):
                code = max(code, self._take(self.accepted.apply(report, today())))
                _tell_errors(report)
        except OutputError:
            raise
        except ImgscanError as error:
            if stop.is_set():
                say(f"{target}: {UNTOUCHED}")
                return self._take(self._failed(target, kind, INTERRUPTED, UNTOUCHED))
            say(str(error))
            return self._take(self._failed(target, kind, "target-unreadable", str(error)))
        except Exception as error:  # noqa: BLE001 - the other targets, and what was found, are worth a report
            say(internal(error))
            return self._take(self._failed(target, kind, INTERNAL, internal(error)))
        return code

    def _take(self, report: TargetReport) -> int:
        report = self.supervisor.explain(report)
        self.ended = self.ended or any(each.code in (INTERRUPTED, TIMEOUT) for each in report.diagnostics)
        self.outputs.target(report)
        return self.policy.code(report)

    def _failed(self, target: str, kind: TargetKind, code: str, message: str) -> TargetReport:
        conceal = self.library.conceal
        return TargetReport(
            target=conceal(target),
            kind=kind,
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
