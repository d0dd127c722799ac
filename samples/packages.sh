# Sourced, not run: packages PACKAGE… installs what dpkg does not know as installed (Debian).
packages()
{
    missing=
    for package in "$@"; do
        dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q '^install ok installed$' ||
            missing="$missing $package"
    done
    [ -n "$missing" ] || return 0
    echo "installing:$missing"
    if [ "$(id -u)" -eq 0 ]; then as=; else as=sudo; fi
    if ! { $as apt-get update -qq &&
           $as env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends \
               $missing; } >/tmp/ecosgate-packages.$$ 2>&1; then
        cat "/tmp/ecosgate-packages.$$" >&2
        rm -f "/tmp/ecosgate-packages.$$"
        echo "cannot install$missing: install by hand, then run this again" >&2
        return 2
    fi
    rm -f "/tmp/ecosgate-packages.$$"
}

build_packages="gcc make autoconf automake pkg-config libc6-dev libglib2.0-dev libxml2-dev
    libarchive-dev zlib1g-dev libdeflate-dev libsqlite3-dev libjansson-dev libssl-dev libssh2-1-dev
    libseccomp-dev libxmlsec1-dev"
test_packages="libcmocka-dev python3 python3-jsonschema libxml2-utils valgrind sqlite3 openssh-server openssh-client
    python3-paramiko python3-prometheus-client strace chromium tzdata softhsm2
    libengine-pkcs11-openssl xmlsec1"
