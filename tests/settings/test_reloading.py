"""Settings that change while the service runs: when a change is taken over, and what it leaves alone."""

import asyncio
import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from tests.store.databases import opened

from profilegate import configuration, reloading
from profilegate.app import create_app
from profilegate.configuration import files
from profilegate.errors import InvalidConfiguration
from profilegate.plugin import ProfileGate
from profilegate.reloading import Watch, watching
from profilegate.settings import (
    DatabaseSettings,
    DPoPSettings,
    IntrospectionSettings,
    IssuerSettings,
    ServerSettings,
    Settings,
    UsernameSettings,
)
from profilegate.store.schema import migrate

A, B = "https://a.example", "https://b.example"


def toml(*issuers: str, **more: str) -> str:
    """Settings with these issuers, each of a tenant of its own, and more members for all of them."""
    rest = "\n".join(f"{name} = {value}" for name, value in more.items())
    return "\n".join(
        f'[[issuers]]\nissuer = "{name}"\naudiences = ["api"]\ntenant = "t{n}"\n{rest}'
        for n, name in enumerate(issuers)
    )


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "profilegate.toml"
    write(file, toml(A))
    return file


writes = iter(range(1, 10**6))


def write(file: Path, text: str | bytes) -> None:
    """As an editor does, with a time of writing that no clock's grain can make equal to another."""
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    moment = 1_700_000_000_000_000_000 + next(writes)
    os.utime(file, ns=(moment, moment))


class Watched:
    """A watch with what it has taken over: the issuers of each time."""

    def __init__(self, file: Path) -> None:
        self.taken: list[list[str]] = []
        self.settings: list[Settings] = []
        self.refuse: InvalidConfiguration | None = None
        self.watch = Watch(str(file), self.apply)

    def apply(self, settings: Settings) -> None:
        if self.refuse is not None:
            raise self.refuse
        self.settings.append(settings)
        self.taken.append([each.issuer for each in settings.issuers])

    def looks(self, times: int) -> list[list[str]]:
        """What has been taken over after so many more looks."""
        for _ in range(times):
            self.watch.step()
        return self.taken


@pytest.fixture
def watched(file: Path) -> Watched:
    return Watched(file)


class Told(logging.Handler):
    """What was logged: level and text."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[tuple[str, str]] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append((record.levelname, record.getMessage()))

    def of(self, level: str) -> list[str]:
        return [text for each, text in self.lines if each == level]

    @property
    def text(self) -> str:
        return "\n".join(text for _, text in self.lines)


@pytest.fixture
def told() -> Iterator[Told]:
    """What is logged, also where other tests have configured the logging."""
    logger, handler = logging.getLogger("profilegate"), Told()
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel("INFO")
    yield handler
    logger.removeHandler(handler)
    logger.setLevel(level)


# When


def test_what_does_not_change_is_never_read_again(watched: Watched) -> None:
    assert watched.looks(10) == []


def test_a_change_is_taken_over_when_two_looks_have_found_it_the_same(watched: Watched, file: Path) -> None:
    write(file, toml(A, B))
    assert watched.looks(1) == []
    assert watched.looks(1) == [[A, B]]
    assert watched.looks(10) == [[A, B]]


def test_a_file_that_is_still_being_written_is_not_read(watched: Watched, file: Path) -> None:
    text = toml(A, B)
    for end in range(10, len(text), 10):
        write(file, text[:end])
        assert watched.looks(1) == []
    write(file, text)
    assert watched.looks(1) == []
    assert watched.looks(1) == [[A, B]]


def test_a_change_that_is_taken_back_between_two_looks_is_none(watched: Watched, file: Path) -> None:
    before = file.stat()
    write(file, toml(A, B))
    watched.looks(1)
    write(file, toml(A))
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert watched.looks(5) == []


def test_one_change_after_another_is_taken_over_each_time(watched: Watched, file: Path) -> None:
    for issuers in ([B], [A, B], [A]):
        write(file, toml(*issuers))
        watched.looks(2)
    assert watched.taken == [[B], [A, B], [A]]


def test_the_same_text_written_again_does_no_harm(watched: Watched, file: Path) -> None:
    write(file, toml(A))
    assert watched.looks(3) in ([], [[A]])


def test_a_change_of_the_same_size_counts(watched: Watched, file: Path) -> None:
    write(file, toml(B))
    assert watched.looks(2) == [[B]]


def test_a_change_with_the_same_time_counts_when_the_size_differs(watched: Watched, file: Path) -> None:
    before = file.stat()
    file.write_text(toml(A, B))
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert watched.looks(2) == [[A, B]]


def test_a_file_put_in_its_place_counts_however_alike_it_is(watched: Watched, file: Path) -> None:
    """As careful editors and configuration management do it: write beside it, then rename."""
    before = file.stat()
    beside = file.with_suffix(".new")
    beside.write_text(toml(B))
    os.utime(beside, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert beside.stat().st_size == before.st_size
    beside.rename(file)
    assert watched.looks(2) == [[B]]


# Mistakes


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nonsense",
        "[[issuers]]",
        "[[issuers",
        "issuers = []",
        toml("http://a.example"),
        toml(A, A),
        toml(A, leeway="-1"),
        toml(A, made_up="1"),
        toml(A) + "\n[server]\nport = 0",
        toml(A, tenant_claim='{ env = "NOT_SET_ANYWHERE" }'),
        toml(A, tenant_claim='{ file = "not-there" }'),
        b"\xff\xfe",
        b"\0" * 100,
        toml(A)[:-10],
    ],
)
def test_a_bad_file_changes_nothing_and_is_told(watched: Watched, file: Path, told: Told, text: str | bytes) -> None:
    write(file, text)
    assert watched.looks(5) == []
    assert told.of("ERROR")
    assert all("the old ones stay" in each for each in told.of("ERROR"))
    write(file, toml(B))
    assert watched.looks(2) == [[B]]


def test_each_problem_is_told_once_and_not_at_every_look(watched: Watched, file: Path, told: Told) -> None:
    write(file, toml(A, leeway="-1", timeout="0.0"))
    watched.looks(10)
    assert [each.rpartition("stay: ")[2].split(":")[0] for each in told.of("ERROR")] == [
        "issuers[0].leeway",
        "issuers[0].timeout",
    ]


def test_settings_that_the_service_refuses_are_told_too(watched: Watched, file: Path, told: Told) -> None:
    watched.refuse = InvalidConfiguration(["issuers: not these", "nor those"])
    write(file, toml(B))
    assert watched.looks(3) == []
    assert len(told.of("ERROR")) == 2
    watched.refuse = None
    write(file, toml(B))
    assert watched.looks(3) == [[B]]


def test_a_file_that_is_deleted_changes_nothing_and_counts_again_when_it_is_back(
    watched: Watched, file: Path, told: Told
) -> None:
    file.unlink()
    assert watched.looks(5) == []
    assert len(told.of("ERROR")) == 1
    write(file, toml(B))
    assert watched.looks(2) == [[B]]


def test_a_file_that_is_gone_for_one_look_only_is_not_even_told(watched: Watched, file: Path, told: Told) -> None:
    file.unlink()
    watched.looks(1)
    write(file, toml(B))
    assert watched.looks(2) == [[B]]
    assert told.of("ERROR") == []


def test_a_directory_in_its_place_changes_nothing(watched: Watched, file: Path, told: Told) -> None:
    file.unlink()
    file.mkdir()
    assert watched.looks(3) == []
    assert len(told.of("ERROR")) == 1


def test_a_file_whose_folder_is_gone_changes_nothing(watched: Watched, file: Path) -> None:
    file.unlink()
    file.parent.rmdir()
    assert watched.looks(3) == []
    file.parent.mkdir()
    write(file, toml(B))
    assert watched.looks(2) == [[B]]


# What only a hostile or unlucky hand writes

ODD = {
    "NUL in a name": toml(A, tenant_claim='{ file = "a\\u0000b" }'),
    "a very long name": toml(A, tenant_claim='{ file = "' + "x" * 5000 + '" }'),
    "an empty name": toml(A, tenant_claim='{ file = "" }'),
    "deep arrays": "a = " + "[" * 5000,
    "deep tables": "a" + ".a" * 5000 + " = 1",
    "deep and closed": "a = " + "[" * 5000 + "]" * 5000,
    "a long number": toml(A, leeway="1" + "0" * 5000),
    "a large number": toml(A, leeway="1" + "0" * 100),
    "a number over 64 bits": toml(A, leeway=str(2**64)),
    "infinity": toml(A, leeway="inf"),
    "not a number": toml(A, timeout="nan"),
    "a date": toml(A, leeway="2026-01-28"),
    "a time that is none": "a = 99:99:99",
    "a month that is none": "a = 2026-99-99",
    "a lone surrogate": 'a = "\\ud800"',
    "a huge code point": 'a = "\\UFFFFFFFF"',
}


@pytest.mark.parametrize("text", ODD.values(), ids=ODD.keys())
def test_nothing_that_a_file_may_hold_ends_the_watch(watched: Watched, file: Path, text: str) -> None:
    write(file, text)
    assert watched.looks(3) == []
    write(file, toml(B))
    assert watched.looks(2) == [[B]]


@pytest.mark.parametrize("text", ODD.values(), ids=ODD.keys())
def test_nothing_that_a_file_may_hold_is_told_otherwise_than_as_a_mistake(file: Path, text: str) -> None:
    """At the start, too: `serve` and `check-config` answer with the place, not with a trace."""
    write(file, text)
    with pytest.raises(InvalidConfiguration):
        configuration.load(str(file), {})


def test_what_a_secrets_file_holds_does_not_end_the_watch_either(file: Path) -> None:
    secret = file.parent / "secret"
    write(secret, "org")
    write(file, toml(A, tenant_claim='{ file = "secret" }', tenants='["x"]'))
    watched = Watched(file)
    for content in (b"\xff", b"\0", b"9" * 5000, b"", b"{" * 5000, "é".encode() * 10**5):
        write(secret, content)
        watched.looks(2)
    before = len(watched.taken)
    write(secret, b"org")
    assert len(watched.looks(2)) == before + 1


toml_texts = st.text(max_size=30) | st.lists(
    st.sampled_from(['[[issuers]]\n', 'issuer = ', '"https://a.example"\n', "audiences = ", '["api"]\n', "leeway = ",
                     "5\n", "1e400\n", "[server]\n", "port = ", "{", "}", "file = ", '"x"', "\n", "[", "]", "nan\n",
                     "introspection = ", "{ client_id = 'a' }\n", "true\n", "hosts = "]),
    max_size=12,
).map("".join)  # fmt: skip


@hypothesis_settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=40) | toml_texts.map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_whatever_a_file_holds_it_is_taken_over_or_told(file: Path, content: bytes) -> None:
    write(file, toml(A))
    watched = Watched(file)
    write(file, content)
    watched.looks(3)
    assert len(watched.taken) <= 1


# Secrets


def test_a_changed_secret_counts_as_a_change(file: Path) -> None:
    secret = file.parent / "secret"
    write(secret, "first\n")
    introspection = '{ client_id = "us", client_secret = { file = "secret" } }'
    write(file, toml(A, introspection=introspection))
    watched = Watched(file)
    write(secret, "second\n")
    assert watched.looks(1) == []
    watched.looks(1)
    (taken,) = watched.settings
    assert taken.issuers[0].introspection is not None
    assert taken.issuers[0].introspection.client_secret == "second"


def test_a_secret_that_is_gone_changes_nothing_until_it_is_back(file: Path, told: Told) -> None:
    secret = file.parent / "secret"
    write(secret, "first")
    write(file, toml(A, introspection='{ client_id = "us", client_secret = { file = "secret" } }'))
    watched = Watched(file)
    secret.unlink()
    assert watched.looks(3) == []
    assert len(told.of("ERROR")) == 1
    assert "first" not in told.text
    write(secret, "second")
    assert watched.looks(2) == [[A]]


def test_a_secret_that_a_change_brings_along_is_watched_from_then_on(watched: Watched, file: Path) -> None:
    secret = file.parent / "elsewhere" / "secret"
    secret.parent.mkdir()
    write(secret, "one")
    write(file, toml(A, introspection='{ client_id = "us", client_secret = { file = "elsewhere/secret" } }'))
    watched.looks(2)
    write(secret, "two")
    assert watched.looks(2) == [[A], [A]]


def test_a_secret_that_is_named_no_more_is_watched_no_more(file: Path) -> None:
    secret = file.parent / "secret"
    write(secret, "one")
    write(file, toml(A, introspection='{ client_id = "us", client_secret = { file = "secret" } }'))
    watched = Watched(file)
    write(file, toml(A))
    watched.looks(2)
    write(secret, "two")
    assert watched.looks(5) == [[A]]


def test_while_the_file_is_broken_its_secrets_do_not_matter(file: Path, told: Told) -> None:
    secret = file.parent / "secret"
    write(secret, "one")
    good = toml(A, introspection='{ client_id = "us", client_secret = { file = "secret" } }')
    write(file, good)
    watched = Watched(file)
    write(file, good + "\nbroken")
    watched.looks(2)
    write(secret, "two")
    assert watched.looks(5) == []
    assert len(told.of("ERROR")) == 1
    write(file, good)
    watched.looks(2)
    assert watched.settings[-1].issuers[0].introspection is not None
    assert watched.settings[-1].issuers[0].introspection.client_secret == "two"


def test_files_are_the_settings_file_and_those_of_its_secrets_wherever_they_stand(file: Path) -> None:
    write(
        file,
        'a = { file = "one" }\n[b]\nc = [{ file = "two" }, [{ d = { file = "/three" } }]]\n[[e]]\n'
        'f = { file = "four" }\ng = { file = 5 }\nh = { file = "no", more = 1 }\n'
        'i = { env = "NO" }\nfile = "no"\nj = "no"\n',
    )
    folder = file.parent
    assert files(str(file)) == [file, folder / "one", folder / "two", Path("/three"), folder / "four"]


@pytest.mark.parametrize("text", ["nonsense", b"\xff", None])
def test_of_a_file_that_cannot_be_read_it_is_the_file_itself(file: Path, text: str | bytes | None) -> None:
    if text is None:
        file.unlink()
    else:
        write(file, text)
    assert files(str(file)) == [file]


# Links


def test_a_link_that_is_turned_round_counts(tmp_path: Path) -> None:
    """As Kubernetes mounts a ConfigMap: the file links into `..data`, which links to the folder of the moment."""
    for name, issuer in (("..one", A), ("..two", B)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "profilegate.toml").write_text(toml(issuer))
        os.utime(tmp_path / name / "profilegate.toml", ns=(1, 1))
    (tmp_path / "..data").symlink_to("..one")
    file = tmp_path / "profilegate.toml"
    file.symlink_to("..data/profilegate.toml")
    watched = Watched(file)
    assert watched.looks(2) == []
    (tmp_path / "..data_tmp").symlink_to("..two")
    (tmp_path / "..data_tmp").rename(tmp_path / "..data")
    assert watched.looks(1) == []
    assert watched.looks(1) == [[B]]


def test_a_secrets_link_that_is_turned_round_counts(tmp_path: Path) -> None:
    for name in ("..one", "..two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "secret").write_text(f"secret of {name}")
        os.utime(tmp_path / name / "secret", ns=(1, 1))
    (tmp_path / "..data").symlink_to("..one")
    file = tmp_path / "profilegate.toml"
    write(file, toml(A, introspection='{ client_id = "us", client_secret = { file = "..data/secret" } }'))
    watched = Watched(file)
    (tmp_path / "..data_tmp").symlink_to("..two")
    (tmp_path / "..data_tmp").rename(tmp_path / "..data")
    watched.looks(2)
    assert watched.settings[-1].issuers[0].introspection is not None
    assert watched.settings[-1].issuers[0].introspection.client_secret == "secret of ..two"


def test_a_link_that_leads_nowhere_changes_nothing(tmp_path: Path) -> None:
    (tmp_path / "real").write_text(toml(A))
    file = tmp_path / "profilegate.toml"
    file.symlink_to("real")
    watched = Watched(file)
    for target in ("nowhere", "profilegate.toml"):
        file.unlink()
        file.symlink_to(target)
        assert watched.looks(3) == []
    file.unlink()
    file.symlink_to("real")
    write(tmp_path / "real", toml(B))
    assert watched.looks(2) == [[B]]


# In the background


async def test_the_file_is_followed_for_as_long_as_the_service_runs(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reloading, "INTERVAL", 0.01)
    taken = asyncio.Event()
    async with watching(str(file), lambda settings: taken.set()):
        await asyncio.sleep(0.05)
        assert not taken.is_set()
        write(file, toml(B))
        await asyncio.wait_for(taken.wait(), 30)
        taken.clear()
    write(file, toml(A))
    await asyncio.sleep(0.1)
    assert not taken.is_set()


async def test_a_mistake_does_not_end_the_following(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reloading, "INTERVAL", 0.01)
    taken = asyncio.Event()
    async with watching(str(file), lambda settings: taken.set()):
        for text in ("nonsense", b"\xff", toml(A, leeway="-1")):
            write(file, text)
            await asyncio.sleep(0.05)
        write(file, toml(B))
        await asyncio.wait_for(taken.wait(), 30)


async def test_a_change_between_the_start_and_the_first_look_is_not_missed(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else workers that started at different moments would go on with different issuers, for ever."""
    monkeypatch.setattr(reloading, "INTERVAL", 0.01)
    database = DatabaseSettings(path=str(tmp_path / "profilegate.db"))
    async with opened(database) as engine:
        await migrate(engine, UsernameSettings())
    write(file, toml(A) + f'\n[database]\npath = "{database.path}"')
    app = create_app(configuration.load(str(file), {}), watch=str(file))
    write(file, toml(A, B) + f'\n[database]\npath = "{database.path}"')
    running = app.plugins.get(ProfileGate)
    async with app.lifespan(), asyncio.timeout(30):
        for _ in range(100):
            if len(running.settings.issuers) == 2:
                break
            await asyncio.sleep(0.01)
    assert [each.issuer for each in running.settings.issuers] == [A, B]


def test_it_looks_about_once_a_second() -> None:
    assert reloading.INTERVAL == 1.0


# ProfileGate.reload


def issuer(name: str = A, **values: Any) -> IssuerSettings:
    return IssuerSettings(**{"issuer": name, "audiences": ("api",), **values})


def gate(tmp_path: Path, *issuers: IssuerSettings, **parts: Any) -> ProfileGate:
    database = DatabaseSettings(path=str(tmp_path / "profilegate.db"))
    return ProfileGate(Settings(issuers=issuers or (issuer(),), **{"database": database, **parts}))


def changed(gate: ProfileGate, *issuers: IssuerSettings, **parts: Any) -> Settings:
    """The gate's settings with these issuers and other parts."""
    now = {name: getattr(gate.settings, name) for name in gate.settings.__struct_fields__}
    return Settings(**{**now, "issuers": issuers or gate.settings.issuers, **parts})


def test_new_issuers_are_taken_over_and_told(tmp_path: Path, told: Told) -> None:
    running = gate(tmp_path)
    new = changed(running, issuer(A, tenant="a"), issuer(B, tenant="b"))
    running.reload(new)
    assert running.settings == new
    assert running.issuers.settings == list(new.issuers)
    assert told.of("WARNING") == []
    assert f"issuers taken over: {A}, {B}" in told.text


def test_settings_that_do_not_fit_together_change_nothing(tmp_path: Path) -> None:
    running = gate(tmp_path)
    before = running.settings
    for broken in (
        changed(running, issuer("http://a.example")),
        changed(running, issuer(A), issuer(B)),
        changed(running, issuer(B), server=ServerSettings(port=0)),
        Settings(issuers=()),
    ):
        with pytest.raises(InvalidConfiguration):
            running.reload(broken)
        assert running.settings is before
        assert running.issuers.settings == [issuer(A)]


@pytest.mark.parametrize(
    "parts",
    [
        {"server": ServerSettings(port=1234)},
        {"server": ServerSettings(public_url="https://profiles.example")},
        {"database": DatabaseSettings(url="postgresql://elsewhere/x")},
        {"dpop": DPoPSettings(max_age=5)},
        {"dpop": DPoPSettings(nonce_secret="s" * 32)},
    ],
    ids=str,
)
def test_everything_else_stays_and_that_it_needs_a_restart_is_told(
    tmp_path: Path, told: Told, parts: dict[str, Any]
) -> None:
    running = gate(tmp_path)
    before = running.settings
    running.reload(changed(running, issuer(B), **parts))
    assert running.settings.issuers == (issuer(B),)
    assert {name: getattr(running.settings, name) for name in parts} == {name: getattr(before, name) for name in parts}
    assert len(told.of("WARNING")) == 1
    assert "restart" in told.of("WARNING")[0]
    running.reload(changed(running, issuer(A)))
    assert len(told.of("WARNING")) == 1


def test_the_addresses_of_the_service_follow_the_hosts_of_its_issuers(tmp_path: Path) -> None:
    running = gate(tmp_path, server=ServerSettings(public_url="https://profiles.example"))
    assert running.addresses("") == ["https://profiles.example"]
    running.reload(changed(running, issuer(userinfo=True, hosts=("other.example",))))
    assert running.addresses("") == ["https://profiles.example", "https://other.example"]
    running.reload(changed(running, issuer()))
    assert running.addresses("") == ["https://profiles.example"]


def test_without_a_public_address_hosts_alone_make_none(tmp_path: Path) -> None:
    assert gate(tmp_path, issuer(userinfo=True, hosts=("other.example",))).addresses("") == []


def test_what_is_told_of_a_change_holds_no_secret(tmp_path: Path, told: Told) -> None:
    running = gate(tmp_path)
    asking = IntrospectionSettings(client_id="us", client_secret="never-to-be-seen")
    running.reload(
        changed(running, issuer(introspection=asking), dpop=DPoPSettings(nonce_secret="never-to-be-seen" * 2))
    )
    assert "never-to-be-seen" not in told.text
