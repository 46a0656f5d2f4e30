#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the vrouter authors
#
# Builds the appliance's image in small steps: Debian, our programs and units, ext4. Beside the image
# are the kernel and the initial RAM disk that boot it.
#
# usage: build.sh BUILD-DIRECTORY OUTPUT-DIRECTORY
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
build=$1 out=$2
tree=$out/tree
UNITS=(vrouter-dataplane.service vrouter-control.service vrouter-bootstrap.service vrouter-zebra.service
	vrouter-ospfd.service vrouter-access.service systemd-networkd.service)
MASKED=(frr.service apt-daily.timer apt-daily-upgrade.timer e2scrub_all.timer e2scrub_reap.service
	fstrim.timer dpkg-db-backup.timer systemd-timesyncd.service systemd-remount-fs.service)
NEED_KIB=$((6 * 1024 * 1024))
SIZE=1200M

check_space() {
	local free
	mkdir -p "$out"
	free=$(df --output=avail -k "$out" | tail -1)
	[ "$free" -ge $NEED_KIB ] && return
	echo "image: $out has $((free / 1024)) MiB free, $((NEED_KIB / 1024)) are needed" >&2
	exit 1
}

unpack() {
	rm -rf "$tree"
	mkdir "$tree"
	tar -xf "$("$here/rootfs.sh" "$out")" -C "$tree" --xattrs --xattrs-include='*'
}

install_programs() {
	install -s -m 755 "$build/dataplane/vrouter-dataplane" "$build/control/vrouter-control" "$tree/usr/sbin/"
	install -s -m 755 "$build/control/vrctl/vrctl" "$tree/usr/bin/"
}

install_files() {
	local unit
	cp -r "$here/files/." "$tree/"
	chmod 755 "$tree"/usr/libexec/vrouter/*
	install -m 644 "$here"/../configs/systemd/*.service "$tree/usr/lib/systemd/system/"
	install -D -m 644 "$here/../configs/completion/vrctl" "$tree/usr/share/bash-completion/completions/vrctl"
	install -D -m 644 "$here/../docs/man/vrctl.8" "$tree/usr/share/man/man8/vrctl.8"
	mkdir -p "$tree/etc/systemd/system/multi-user.target.wants"
	for unit in "${UNITS[@]}"; do
		ln -sf "/usr/lib/systemd/system/$unit" "$tree/etc/systemd/system/multi-user.target.wants/"
	done
	for unit in "${MASKED[@]}"; do
		ln -sf /dev/null "$tree/etc/systemd/system/$unit"
	done
	echo vrouter >"$tree/etc/hostname"
	: >"$tree/etc/machine-id"
}

# What each appliance must have of its own, what names this machine's mirror, what only packages need.
remove_traces() {
	rm -rf "$tree"/etc/apt/sources.list.d/* "$tree"/var/lib/apt/lists/* "$tree"/var/cache/apt/*
}

make_disk() {
	cp "$tree"/boot/vmlinuz-* "$out/vmlinuz"
	cp "$tree"/boot/initrd.img-* "$out/initrd"
	rm -f "$out/root.ext4"
	mke2fs -q -t ext4 -L root -d "$tree" "$out/root.ext4" $SIZE
	rm -rf "$tree"
}

for step in check_space unpack install_programs install_files remove_traces make_disk; do
	start=$EPOCHREALTIME
	$step
	awk -v s="$start" -v e="$EPOCHREALTIME" -v n=$step 'BEGIN { printf "image: %-17s %5.1f s\n", n, e - s }'
done
