load helper

# A tree that was installed is whole, and taken away again without a trace.

setup() {
	ROOT_FOLDER=$BATS_TEST_TMPDIR/root
	cd "$ROOT" || return
}

make_it() {
	make --no-print-directory BUILD="$(realpath --relative-to=. "$BUILD")" DESTDIR="$ROOT_FOLDER" PREFIX=/opt/sn "$@"
}

@test "install: programs, library, headers and pages, and uninstall" {
	run -0 make_it install
	for p in "$BUILD"/bin/sn-*; do
		run -0 "$ROOT_FOLDER/opt/sn/bin/${p##*/}" -V
	done
	for f in include/sn/*.h; do
		cmp "$f" "$ROOT_FOLDER/opt/sn/$f"
	done
	for f in man/*.[157]; do
		cmp "$f" "$ROOT_FOLDER/opt/sn/share/man/man${f##*.}/${f##*/}"
	done
	[ -f "$ROOT_FOLDER/opt/sn/lib/libsn.a" ]
	[ -x "$ROOT_FOLDER/opt/sn/lib/libsn.so" ]
	run -0 make_it uninstall
	[ -z "$(find "$ROOT_FOLDER" ! -type d)" ]
	[ ! -e "$ROOT_FOLDER/opt/sn/include/sn" ]
}

@test "install: every header stands alone" {
	for f in include/sn/*.h; do
		echo "#include <sn/${f##*/}>" |
			gcc -std=gnu11 -Wall -Wextra -Werror -Iinclude -x c -fsyntax-only -
	done
}
