# Install what is missing of a list of Debian packages, without starting any service.
# Sourced by tests/run and contrib/quickstart; needs root.
#
#   install_packages gcc make …

# While this file is there, package scripts start nothing (deb-systemd-invoke and invoke-rc.d ask it).
policy_rc_d=/usr/sbin/policy-rc.d
policy_rc_d_mine=

release_services() {
    [ -z "$policy_rc_d_mine" ] || rm -f "$policy_rc_d"
    policy_rc_d_mine=
}

hold_services() {
    [ ! -e "$policy_rc_d" ] || return 0
    policy_rc_d_mine=yes
    printf '#!/bin/sh\nexit 101\n' >"$policy_rc_d"
    chmod 755 "$policy_rc_d"
}

missing_packages() {
    local package
    for package in "$@"; do
        [ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null)" = installed ] ||
            printf '%s\n' "$package"
    done
}

install_packages() {
    local missing status=0
    mapfile -t missing < <(missing_packages "$@")
    [ "${#missing[@]}" -gt 0 ] || return 0
    echo "Installing: ${missing[*]}"
    export DEBIAN_FRONTEND=noninteractive
    hold_services
    case " ${missing[*]} " in *" postfix "*)
        echo "postfix postfix/main_mailer_type select No configuration" | debconf-set-selections
        ;;
    esac
    { apt-get update -qq && apt-get install -qq -y --no-install-recommends "${missing[@]}"; } \
        </dev/null >"${INSTALL_LOG:-/dev/null}" 2>&1 || status=$?
    release_services
    if [ "$status" -ne 0 ]; then
        echo "apt-get failed${INSTALL_LOG:+, see $INSTALL_LOG}:" >&2
        [ -z "${INSTALL_LOG:-}" ] || tail -n 20 "$INSTALL_LOG" >&2
    fi
    return "$status"
}

# What it takes to compile temoin.
build_packages="gcc libc6-dev make autoconf automake pkg-config libmilter-dev libsqlite3-dev
    libssl-dev libgmime-3.0-dev libjansson-dev libconfuse-dev libzstd-dev libzip-dev libxml2-dev libmagic-dev
    libpango1.0-dev libseccomp-dev libsystemd-dev libunbound-dev libldns-dev dns-root-data
    fonts-liberation"

# Copy a source tree (what git knows of it, or all of it) to a new directory.
copy_tree() { # from to
    mkdir -p "$2"
    if git -c safe.directory='*' -C "$1" rev-parse --git-dir >/dev/null 2>&1; then
        (cd "$1" && git -c safe.directory='*' ls-files -z --cached --others --exclude-standard |
            while IFS= read -r -d '' file; do
                [ ! -e "$file" ] || printf '%s\0' "$file"
            done | tar -c --null -T - -f -) | tar -x -C "$2" -f -
    else
        tar -C "$1" --exclude=./.git -c -f - . | tar -x -C "$2" -f -
    fi
}

# Unpack Debian packages that exclude Postfix, each set into a directory of its own.
server_libraries="libgnutls-dane0 libidn12 libevent-2.1-7 libnsl2 libpcre2-8-0 libdb5.3"
unpack_servers() { # to
    # shellcheck disable=SC2086
    install_packages $server_libraries || return 1
    unpack_packages "$1/exim" usr/sbin/exim4 exim4-base exim4-daemon-light &&
        unpack_packages "$1/opensmtpd" usr/sbin/smtpd opensmtpd
}
unpack_packages() { # to its-program package...
    local to=$1 program=$2 package
    shift 2
    [ ! -e "$to/$program" ] || return 0
    mkdir -p "$to/packages"
    (cd "$to/packages" && apt-get download -qq "$@" ||
        { apt-get update -qq && apt-get download -qq "$@"; }) || return 1
    for package in "$to"/packages/*.deb; do
        dpkg --extract "$package" "$to" || return 1
    done
}

# Unpack Debian's Sendmail into a directory: as a package it would take Postfix's place.
sendmail_libraries="libdb5.3 libldap-2.5-0 liblockfile1 libnsl2 libsasl2-2 libwrap0 m4"
unpack_sendmail() { # to
    # shellcheck disable=SC2086
    install_packages $sendmail_libraries &&
        unpack_packages "$1" usr/libexec/sendmail/sendmail sendmail-base sendmail-bin sendmail-cf
}
