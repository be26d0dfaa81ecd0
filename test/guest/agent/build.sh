#!/usr/bin/env bash
# build.sh OUT [VERSION]: makes a Linux guest around the agent of hcsshim in the directory OUT, for run.sh. VERSION: of hcsshim, as Go names it.
# REPLACE: module=module@version, where the proxy lacks what the agent depends on. Needs go, a C compiler, mkfs.ext4, runc and a static busybox (Debian: e2fsprogs, runc, busybox-static).
set -euo pipefail

out=$(realpath -m "$1")
version=${2:-v0.15.0}
here=$(dirname "$(realpath "$0")")
mkdir -p "$out"

# The agent, with a transport of Unix sockets. The module is copied, since Go lets nobody change its cache.
source=$(cd "$out" && go mod download -json "github.com/Microsoft/hcsshim@$version" | sed -n 's/^\t"Dir": "\(.*\)",$/\1/p')
rm -rf "$out/hcsshim" "$out/root" "$out/layer"
cp -r "$source" "$out/hcsshim"
chmod -R u+w "$out/hcsshim"
cp "$here/dial.go" "$out/hcsshim/internal/guest/transport/vsock.go"
[ -z "${REPLACE-}" ] || (cd "$out/hcsshim" && go mod edit -replace "$REPLACE")
root=$out/root
mkdir -p "$root"/{bin,sbin,etc,dev,proc,sys,run,tmp,var,mnt,root,old}
(cd "$out/hcsshim" && CGO_ENABLED=0 go build -mod=mod -buildvcs=false -o "$root/bin/gcs" ./cmd/gcs)
cc -O2 -static -o "$root/bin/vsockexec" "$out/hcsshim/vsockexec/vsockexec.c" "$here/dial.c"

# busybox by all its names
programs() {
  "$busybox" --list | while read -r name; do ln -sf busybox "$1/$name"; done
  cp --remove-destination "$busybox" "$1/busybox"
}

# Its programs: busybox, runc and the stty that knows a size of 0x0 with what they are linked to.
busybox=$(command -v busybox)
programs "$root/bin"
rm "$root/bin/stty"
for program in runc stty; do
  file=$(command -v "$program")
  cp "$file" "$root/bin/$program"
  ldd "$file" | grep -o '/[^ ]*' | while read -r library; do
    mkdir -p "$root$(dirname "$library")"
    cp -L "$library" "$root$library"
  done
done
echo 'root:x:0:0:root:/root:/bin/sh' > "$root/etc/passwd"
echo 'root:x:0:' > "$root/etc/group"
: > "$root/etc/resolv.conf"
# What the agent asks for an address. There is nobody to give one.
rm -f "$root/bin/udhcpc"
printf '#!/bin/sh\n' > "$root/sbin/udhcpc"
chmod +x "$root/sbin/udhcpc"

# Its disks: a container's root file system, and room for what containers write. The first is its persistent memory, too.
mkdir -p "$out/layer"/{bin,etc,dev,proc,sys,tmp,root}
programs "$out/layer/bin"
cp "$root/etc/passwd" "$root/etc/group" "$out/layer/etc"
rm -f "$out"/{layer,scratch,pmem}.img
truncate -s 64M "$out/layer.img" "$out/scratch.img"
mkfs.ext4 -q -d "$out/layer" "$out/layer.img"
mkfs.ext4 -q "$out/scratch.img"
cp "$out/layer.img" "$out/pmem.img"
