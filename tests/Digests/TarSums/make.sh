#!/bin/sh
# Makes the archives of this folder and records their tarsums in sums.txt. As root (device nodes), with GNU tar, bsdtar (libarchive-tools), setfattr (attr) and python3:
#
#     sh make.sh
#
# The sums are Python's. They need not be the same each time: an archive holds what the machine's tools write. A test computes each of them from the archive that is here.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
cd "$tree"
umask 022

deep=$(printf 'a-rather-long-name-of-a-folder/%.0s' 1 2 3 4 5)
far=$(printf 'x%.0s' $(seq 1 180))
mkdir plain long odd sparse empty
mkdir plain/folder
echo hello > plain/folder/file
: > plain/nothing
head -c 70000 /dev/zero | tr '\0' 'z' > plain/large
chmod 4755 plain/large
chmod 1777 plain/folder
ln plain/large plain/hard
ln -s folder/file plain/soft
mknod plain/fifo p
mknod plain/char c 1 3
mknod plain/block b 8 65535
mkdir -p "long/$deep"
echo deep > "long/$deep/file"
echo far > "long/$far"
ln -s "$deep$deep/target" long/soft
ln "long/$far" "long/hard"
echo umlaut > odd/$(printf '\303\244\303\266\303\274')
echo latin > odd/$(printf 'caf\351')
echo blank > "odd/two words and a * "
echo attributes > odd/attributes
setfattr -n user.b -v 2 odd/attributes
setfattr -n user.a -v 'one = 1' odd/attributes
setfattr -n user.B -v 0x00ff0a odd/attributes
setfattr -n security.capability -v 0x0100000200200000000000000000000000000000 odd/attributes
truncate -s 3000000 sparse/holes
for at in 0 40 80 120 160 200 240 280 320 360 400 440 480 520 560 600 640 680; do printf data$at | dd of=sparse/holes bs=4096 seek=$at conv=notrunc status=none; done
truncate -s 1000000 sparse/hole
printf end | dd of=sparse/end bs=1 seek=500000 conv=notrunc status=none
find . -exec touch -h -d '2014-12-01T12:34:56.789Z' {} +

rm -f "$here"/*.tar.gz
keep() { gzip -9n > "$here/$1.tar.gz"; }
gnu() { name=$1; shift; tar --sort=name -c "$@" | keep "gnu-$name"; }
bsd() { name=$1; shift; bsdtar -c -f - "$@" | keep "bsd-$name"; }
gnu v7 --format=v7 plain/folder plain/nothing plain/large plain/hard plain/soft
gnu oldgnu --format=oldgnu plain long
gnu gnu --format=gnu plain long odd
gnu ustar --format=ustar plain
gnu pax --format=posix plain long odd
gnu xattrs --format=posix --xattrs --xattrs-include='*' odd
gnu dot --format=gnu -C plain .
gnu large-numbers --format=gnu --owner=somebody:3000000 --group=crowd:2147483647 plain
gnu large-numbers-pax --format=posix --owner=somebody:3000000 --group=crowd:2147483647 plain
gnu negative-time --format=gnu --mtime=@-86400 plain
gnu sparse --format=gnu -S sparse
gnu sparse-0.0 --format=posix --sparse-version=0.0 -S sparse
gnu sparse-0.1 --format=posix --sparse-version=0.1 -S sparse
gnu sparse-1.0 --format=posix --sparse-version=1.0 -S sparse
gnu empty --format=gnu -T /dev/null
bsd ustar --format=ustar plain
bsd pax --format=pax plain long odd
bsd restricted --format=paxr plain long
bsd gnutar --format=gnutar plain long
bsd sparse --format=pax --read-sparse sparse
bsd empty --format=ustar -T /dev/null
tar --format=gnu -cf twice.tar plain/folder/file
echo other > plain/folder/file
tar --format=gnu -rf twice.tar plain/folder/file
keep gnu-twice < twice.tar

cd "$here"
python3 tarsum.py *.tar.gz > sums.txt
