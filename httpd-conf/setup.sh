# shellcheck shell=sh disable=SC2034 # read, not run
# Shared by httpd-conf/demo and tests/run: what has to be installed, and how.
# To be sourced; `say` is for messages to people.

# Debian packages.  COMMAND=PACKAGE is satisfied by any program of that name:
# a newer Node.js from elsewhere, for one, does not go with Debian's npm.  Not
# so python3: a minimal one lacks modules that the example catalog needs.
BUILD_PACKAGES="gcc=gcc cmake=cmake ninja=ninja-build pkg-config=pkg-config
libc6-dev libfcgi-dev libsodium-dev libsqlite3-dev libpcre2-dev libinih-dev
libpq-dev libmariadb-dev libmemcached-dev"
DEMO_PACKAGES="lighttpd=lighttpd python3"
BALANCER_PACKAGES="nginx=nginx-light"
TEST_PACKAGES="libcmocka-dev clang=clang npm=npm mandoc=mandoc
pkill=procps curl=curl ca-certificates python3-jsonschema
postgresql mariadb-server memcached ip=iproute2"

# Debian keeps servers in sbin, which is not in every PATH.
PATH=$PATH:/usr/sbin:/sbin
export PATH

say() {
	printf '%s\n' "$*" >&2
}

die() {
	say "$*"
	exit 1
}

as_root() {
	if [ "$(id -u)" -eq 0 ]; then
		"$@"
	elif command -v sudo >/dev/null 2>&1; then
		sudo "$@"
	else
		die "needs root or sudo for: $*"
	fi
}

# Install what is not there of what is named as above.
install_packages() {
	missing=
	for package in "$@"; do
		case $package in
		*=*)
			! command -v "${package%%=*}" >/dev/null 2>&1 ||
				continue
			package=${package#*=}
			;;
		esac
		state=$(dpkg-query -W -f '${Status}' "$package" 2>/dev/null) ||
			state=
		[ "$state" = "install ok installed" ] ||
			missing="$missing $package"
	done
	[ -n "$missing" ] || return 0
	command -v apt-get >/dev/null 2>&1 ||
		die "please install:$missing"
	say "installing:$missing"
	export DEBIAN_FRONTEND=noninteractive
	as_root apt-get update -qq >&2 || say "apt-get update failed"
	# Servers that come as packages must not start by themselves, so the
	# policy of this one call forbids it.
	policy=/usr/sbin/policy-rc.d
	made=
	if [ ! -e "$policy" ]; then
		printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
		as_root chmod 755 "$policy"
		made=yes
	fi
	# shellcheck disable=SC2086
	as_root apt-get install -y -qq --no-install-recommends $missing >&2
	status=$?
	[ -z "$made" ] || as_root rm -f "$policy"
	[ "$status" -eq 0 ] || die "could not install:$missing"
}

# Configure and build a preset: build NAME [TARGET...]
build_preset() {
	preset=$1
	shift
	(
		cd "$SOURCE" &&
		cmake --preset "$preset" >"$LOG" 2>&1 &&
		cmake --build --preset "$preset" ${1:+--target} "$@" >>"$LOG" 2>&1
	) || {
		tail -n 50 "$LOG" >&2
		die "the build failed"
	}
}
