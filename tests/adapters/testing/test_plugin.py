"""The pytest plugin, as an author of tests meets it: installed with the package, nothing to import."""

import subprocess
import sys

import pytest

pytest_plugins = ("pytester",)

QUIET = ("-p", "no:cacheprovider", "-o", "asyncio_default_fixture_loop_scope=function")

SUITE = """
import asyncio
import pytest
import reprieve
from datetime import timedelta


def test_a_service(reprieve_service, reprieve_clock):
    async def main():
        async with reprieve_service(rate=1000, size=3_600_000) as library:
            backup = await (await library.create_backup())
            assert (backup,) == await library.backups()

    began = reprieve_clock.now()
    asyncio.run(main())
    assert timedelta(hours=1) <= reprieve_clock.now() - began < timedelta(hours=1, seconds=1)


def test_a_failure(reprieve_service, reprieve_scenario):
    async def main():
        full = reprieve_scenario(fail_at="0.5", fail="storageFull")
        async with reprieve_service(full, ticks=4) as library:
            job = await library.create_backup()
            with pytest.raises(reprieve.JobFailed) as failed:
                await job
            assert "storageFull" == failed.value.problem.kind
            assert 50 == (await job.now()).percentage

    asyncio.run(main())


def test_a_wrong_parameter(reprieve_service):
    with pytest.raises(reprieve.InvalidRequest, match="fail_ta"):
        reprieve_service(fail_ta=0.4)
"""

CONTRACT = """
from contextlib import asynccontextmanager
from reprieve.transports.contract import Setting, TransportContract
from reprieve.transports.offline.scenario import Scenario
from reprieve.transports.offline.transport import OfflineTransport
from reprieve.transports.offline.virtual_time import VirtualClock
from reprieve.transports.offline.world import OfflineWorld


class Forgetful(OfflineTransport):
    async def delete(self, backup_id):
        await self.backup(backup_id)


class TestForgetful(TransportContract):
    @asynccontextmanager
    async def setting(self, folder):
        clock = VirtualClock()
        world = OfflineWorld(Scenario(), clock.now())
        yield Setting(lambda: Forgetful(Scenario(), clock, world), clock)
"""


def test_its_fixtures(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(SUITE)

    result = pytester.runpytest_inprocess(*QUIET)

    result.assert_outcomes(passed=3)


def test_the_contract_names_what_a_transport_does_wrong(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(CONTRACT)

    result = pytester.runpytest_inprocess(*QUIET)

    assert 1 == result.parseoutcomes()["failed"]
    result.stdout.fnmatch_lines(["*FAILED*test_a_deleted_backup_is_hidden*", "*1 failed*"])


def test_loading_it_imports_nothing_heavy() -> None:
    heavy = {"aiohttp", "apsw", "blake3", "cattrs", "cryptography", "rich", "transitions", "zstandard"}
    code = (
        "import sys, pytest; before = set(sys.modules); import reprieve.adapters.testing.plugin;"
        f"print(sorted((set(sys.modules) - before) & {heavy | {'attrs', 'asyncio', 'reprieve.core.job'}!r}))"
    )

    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert "[]" == loaded.stdout.strip()
