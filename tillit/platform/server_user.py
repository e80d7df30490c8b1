"""Which operating-system user runs the embedded server.

PostgreSQL refuses to run as root. For a plain user the server runs as that user. For root it runs as the owner of an
existing data directory, else as the system user ``tillit-postgres``, which is created. That user must be able to pass
through (not list) the directories above the data and above the programs, so root grants others "execute" on those that
lack it; the data directory itself stays 0700.
"""

import os
import pwd
import shutil
import stat
import subprocess
from pathlib import Path

from tillit.platform.errors import ServerError

SYSTEM_USER = "tillit-postgres"


def server_user(home: Path) -> pwd.struct_passwd:
    """The user to run the server of the directory `home` as. Creates the system user when root needs it."""
    if os.geteuid() != 0:
        return _current()
    if home.exists():
        owner = home.stat().st_uid
        if owner != 0:
            try:
                return pwd.getpwuid(owner)
            except KeyError:
                raise ServerError(f"{home} belongs to user id {owner}, which has no name on this machine") from None
    try:
        return pwd.getpwnam(SYSTEM_USER)
    except KeyError:
        return _create()


def name_of_current() -> str:
    """Name of the user of this process."""
    return _current().pw_name


def give(path: Path, user: pwd.struct_passwd) -> None:
    """Make `path` belong to `user`; only root can, and only root needs to."""
    if os.geteuid() == 0:
        os.chown(path, user.pw_uid, user.pw_gid, follow_symlinks=False)


def let_through(path: Path) -> None:
    """Let other users pass through every directory above `path` (root only; adds nothing but execute)."""
    for directory in path.parents:
        mode = stat.S_IMODE(directory.stat().st_mode)
        if not mode & stat.S_IXOTH:
            directory.chmod(mode | stat.S_IXOTH)


def let_read(tree: Path) -> None:
    """Let other users read the programs under `tree`, as a strict umask at installation may have prevented."""
    for directory, _, files in os.walk(tree):
        _add(Path(directory), stat.S_IROTH | stat.S_IXOTH)
        for name in files:
            path = Path(directory, name)
            if not path.is_symlink():
                executable = path.stat().st_mode & stat.S_IXUSR
                _add(path, stat.S_IROTH | (stat.S_IXOTH if executable else 0))


def _add(path: Path, bits: int) -> None:
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & bits != bits:
        path.chmod(mode | bits)


def _current() -> pwd.struct_passwd:
    try:
        return pwd.getpwuid(os.geteuid())
    except KeyError:
        raise ServerError(
            f"user id {os.geteuid()} has no name on this machine, which PostgreSQL needs: add it to /etc/passwd"
        ) from None


def _create() -> pwd.struct_passwd:
    useradd = shutil.which("useradd") or shutil.which("useradd", path="/usr/sbin:/sbin")
    if useradd is None:
        raise ServerError(f"PostgreSQL does not run as root: create a system user named {SYSTEM_USER}")
    subprocess.run(  # noqa: S603 - fixed arguments
        [
            useradd,
            "--system",
            "--no-create-home",
            "--home-dir=/nonexistent",
            "--shell=/usr/sbin/nologin",
            SYSTEM_USER,
        ],
        check=False,
        capture_output=True,
    )
    try:
        return pwd.getpwnam(SYSTEM_USER)
    except KeyError:
        raise ServerError(f"could not create the system user {SYSTEM_USER} that runs PostgreSQL") from None
