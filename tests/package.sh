#!/bin/sh
# Builds the Debian package, has lintian look at it, and tries it in a Debian 12 of its own: install, autopkgtest's
# smoke test, the upgrade of a full spool, remove, purge. Some minutes; as root, on a Debian 12 that reaches a mirror.
#   sh tests/package.sh [BUILD-FOLDER]
#   DEB=FILE sh tests/package.sh             tries a package that is built already, and does not look at it
# Nothing of this machine is mounted into the chroot but its own /proc.
set -eu
cd "$(dirname "$0")/.."
build=${1:-build}
. samples/packages.sh
if [ "$(id -u)" -ne 0 ]; then
    echo "skipped: a chroot needs root" && exit 77
fi
if ! packages dpkg-dev debhelper lintian mmdebstrap lowdown $build_packages; then
    echo "skipped: this machine cannot install debhelper, lintian, mmdebstrap and lowdown" && exit 77
fi

if [ -z "${DEB-}" ]; then
    make -s -C "$build" deb >"$build/deb.log" 2>&1 || { tail -n 30 "$build/deb.log" >&2; exit 1; }
    DEB=$(ls "$build"/deb/ecosgate_*_*.deb)
    echo "built: $(basename "$DEB"), $(stat -c %s "$DEB") bytes"
    lintian --fail-on error,warning --allow-root "$build"/deb/ecosgate_*.changes
    echo "lintian: no error, no warning"
fi

root=$(mktemp -d "${TMPDIR:-/tmp}/ecosgate-package.XXXXXX")
finish()
{
    umount "$root/proc" 2>/dev/null || true
    rm -rf --one-file-system "$root"
}
trap finish EXIT INT TERM
mirror=$(sed -n 's/^deb \(\[[^]]*\] \)\?\([^ ]*\) bookworm .*/\2/p; s/^URIs: *\([^ ]*\).*/\1/p' /etc/apt/sources.list \
    /etc/apt/sources.list.d/* 2>/dev/null | head -n 1)
mirror=${mirror:-http://deb.debian.org/debian}
if ! mmdebstrap --variant=minbase --include=systemd --skip=check/empty,cleanup/apt/lists bookworm "$root" \
    "deb $mirror bookworm main" "deb $mirror bookworm-updates main" "deb $mirror-security bookworm-security main" \
    >"$build/chroot.log" 2>&1; then
    tail -n 5 "$build/chroot.log" >&2
    echo "skipped: this machine cannot make a chroot" && exit 77
fi
mount -t proc proc "$root/proc"
in_root()
{
    env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive chroot "$root" "$@"
}
as_gateway() # COMMAND…
{
    in_root setpriv --reuid ecosgate --regid ecosgate --init-groups ecosgate -c /etc/ecosgate/ecosgate.conf "$@"
}
good()
{
    echo "ok - $1"
}

cp "$DEB" "$root/tmp/ecosgate.deb"
in_root apt-get install -y --no-install-recommends /tmp/ecosgate.deb >"$build/install.log" 2>&1 ||
    { tail -n 20 "$build/install.log" >&2; exit 1; }
in_root test -e /etc/ecosgate/ecosgate.conf
[ "$(in_root stat -c '%U %G %a' /etc/ecosgate/ecosgate.conf)" = "root ecosgate 640" ]
[ "$(in_root stat -c '%U %G %a' /var/lib/ecosgate/spool/ledger.sqlite)" = "ecosgate ecosgate 640" ]
as_gateway config check >/dev/null
good "installed: user, configuration, spool and ledger are there, and config check finds no fault"
in_root sh -c 'command -v man >/dev/null || true; ls /usr/share/man/man7/ecosgate.7.gz \
    /usr/share/man/man5/ecosgate-files.5.gz /usr/share/man/man5/ecosgate.conf.5.gz /usr/share/man/man1/ecosgate.1.gz \
    /usr/share/bash-completion/completions/ecosgate /usr/share/ecosgate/schema/ecos-migration-1.xsd \
    /usr/share/ecosgate/profiles/proposal-1.0/profile.json' >/dev/null
good "manual pages, completion, schema and profile are there"
cp gateway/debian/tests/smoke "$root/tmp/smoke"
in_root sh /tmp/smoke >/dev/null
good "one file in: a verdict, and all sound"

# The upgrade: the same program under a higher version, with a spool that holds something.
mkdir "$root/tmp/newer"
dpkg-deb -R "$DEB" "$root/tmp/newer"
sed -i 's/^Version: .*/Version: 1.1-1/' "$root/tmp/newer/DEBIAN/control"
dpkg-deb -b "$root/tmp/newer" "$root/tmp/newer.deb" >/dev/null
before=$(as_gateway --now 2023-07-03T12:00:00Z spool list)
in_root dpkg -i /tmp/newer.deb >"$build/upgrade.log" 2>&1 || { cat "$build/upgrade.log" >&2; exit 1; }
in_root test -e /var/lib/ecosgate/before-1.0-1/BACKUP
[ "$(as_gateway --now 2023-07-03T12:00:00Z spool list)" = "$before" ]
as_gateway --now 2023-07-03T12:00:00Z spool verify >/dev/null
good "upgraded: a copy was made before, nothing is lost, and all is sound"
in_root apt-get remove -qq -y ecosgate >"$build/remove.log" 2>&1
in_root test -e /etc/ecosgate/ecosgate.conf
in_root test -e /var/lib/ecosgate/spool/ledger.sqlite
good "removed: configuration and spool stay"
in_root apt-get purge -qq -y ecosgate >>"$build/remove.log" 2>&1
! in_root test -e /etc/ecosgate
in_root test -e /var/lib/ecosgate/spool/ledger.sqlite
good "purged: the configuration is gone, and the spool stays"
