load helper

# make_picture FILE.EXT W H C VALUE
paint() {
	"$BUILD/tests/make_picture" "$@"
}

setup() {
	cd "$BATS_TEST_TMPDIR" || return
}

# A folder of two classes, nested ones, files that are no pictures, and one in the folder itself.
faces() {
	mkdir -p faces/anna faces/ben/young
	picture faces/anna/2.pgm 3 2 10
	picture faces/anna/10.pgm 3 2 20
	paint faces/ben/1.png 4 4 3 30
	picture faces/ben/young/1.pgm 2 2 40
	picture faces/me.pgm 2 2 50
	echo "about" >faces/README
	echo "x" >faces/anna/.hidden
}

# items FILE...: number, key, label, mark and shape of what sn-load makes of them
items() {
	sn-load -t "$@"
}

# idx FILE N H W: pictures whose pixels count up; idx_labels FILE N: labels 0 1 2 ...
idx() {
	{
		printf '\0\0\x08\x03\0\0\0%b\0\0\0%b\0\0\0%b' "\\x$(printf %x "$2")" "\\x$(printf %x "$3")" "\\x$(printf %x "$4")"
		for ((i = 0; i < $2 * $3 * $4; i++)); do printf '%b' "\\x$(printf %x $((i % 256)))"; done
	} >"$1"
}
idx_labels() {
	{
		printf '\0\0\x08\x01\0\0\0%b' "\\x$(printf %x "$2")"
		for ((i = 0; i < $2; i++)); do printf '%b' "\\x$(printf %x "$i")"; done
	} >"$1"
}

# ---- what comes out ------------------------------------------------------------------------

@test "sn-load: a picture of two pixels by hand" {
	mkdir d
	printf 'P5 2 1 255\n\x07\xff' >d/a.pgm
	sn-load d -o out.sn
	sn-cat -t out.sn >out.json
	[ "$(sed -n 1p out.json)" = '{"sn":1,"kind":"items"}' ]
	[[ "$(sed -n 2p out.json)" == '{"item":0,"key":"d/a.pgm","label":"d","x":{"type":"|u1","shape":[1,2,1],"data":[7,255]},"file":{"bytes":13,"type":"pnm","w":2,"h":1}}' ]]
	[[ "$(sed -n 3p out.json)" == '{"end":1,'* ]]
	[ "$(wc -l <out.json)" -eq 3 ]
}

@test "sn-load: folders in byte order of names, labels by folder, other files counted" {
	faces
	run -0 --separate-stderr items faces
	[ "${lines[0]}" = "0	faces/anna/10.pgm	anna	-	[2][3][1]" ]
	[ "${lines[1]}" = "1	faces/anna/2.pgm	anna	-	[2][3][1]" ]
	[ "${lines[2]}" = "2	faces/ben/1.png	ben	-	[4][4][3]" ]
	[ "${lines[3]}" = "3	faces/ben/young/1.pgm	ben/young	-	[2][2][1]" ]
	[ "${lines[4]}" = "4	faces/me.pgm	faces	-	[2][2][1]" ]
	[ "${#lines[@]}" -eq 5 ]
	[ "$stderr" = "sn-load: 2 files are no pictures and were passed over" ]
	run -0 --separate-stderr items -v faces
	[[ $stderr == *"'faces/README' is no picture"* ]]
	run -0 --separate-stderr items -q faces
	[ -z "$stderr" ]
}

@test "sn-load: an operand's slashes and ways" {
	faces
	[ "$(items -q faces// | cut -f2,3 | sed -n 1p)" = "faces/anna/10.pgm	anna" ]
	[ "$(items -q "$PWD/faces/anna" | cut -f2,3 | sed -n 1p)" = "$PWD/faces/anna/10.pgm	anna" ]
	cd faces/anna
	[ "$(items -q . | cut -f2,3 | sed -n 1p)" = "./10.pgm	anna" ]
	[ "$(items -q 2.pgm | cut -f2,3)" = "2.pgm	anna" ]
	[ "$(items -q ../ben/ | cut -f2,3 | sed -n 1p)" = "../ben/1.png	ben" ]
	[ "$(items -q .. | cut -f3 | sort -u | paste -sd' ')" = "anna ben ben/young faces" ]
}

@test "sn-load: pictures by name, in the order of the operands, twice if named twice" {
	faces
	run -0 items faces/ben/1.png faces/anna/2.pgm faces/ben/1.png
	[ "$(cut -f1-3 <<<"$output")" = "0	faces/ben/1.png	ben
1	faces/anna/2.pgm	anna
2	faces/ben/1.png	ben" ]
}

@test "sn-load: standard input is one picture" {
	faces
	run -0 items - <faces/me.pgm
	[ "$output" = "0	<stdin>	-	-	[2][2][1]" ]
	sn-load faces/me.pgm | sn-cat -t | grep -o '"x":.*' >file.txt
	sn-load - <faces/me.pgm | sn-cat -t | grep -o '"x":.*' >stdin.txt
	cmp file.txt stdin.txt
	cp faces/me.pgm ./-
	[ "$(items ./- | cut -f2)" = ./- ]
	run -1 --separate-stderr items - </dev/null
	[[ $stderr == *"'<stdin>': the file is empty"* ]]
}

@test "sn-load: a picture from a pipe or device" {
	faces
	run -0 bash -c 'sn-load -t /dev/stdin <faces/me.pgm | cut -f2,5'
	[ "$output" = "/dev/stdin	[2][2][1]" ]
	run -0 bash -c 'sn-load -t <(cat faces/me.pgm) | cut -f5'
	[ "$output" = "[2][2][1]" ]
}

@test "sn-load: all types, told by content" {
	mkdir d
	for e in png jpg bmp tga; do paint d/a.$e 8 8 3 100; done
	mv d/a.png d/b.jpg
	mv d/a.bmp d/bmp
	printf 'GIF89a\1\0\1\0\200\0\0\144\144\144\0\0\0,\0\0\0\0\1\0\1\0\0\2\2D\1\0;' >d/c.gif
	printf 'P6 1 1 255\nddd' >d/d
	run -0 sn-load -o out.sn d
	sn-cat -t out.sn | sed -nE 's/.*"key":"([^"]*)".*"data":\[([0-9]*),.*"type":"([a-z]*)","w":([0-9]*).*/\1 \2 \3 \4/p' >out.txt
	cat out.txt
	[ "$(cat out.txt)" = "d/a.jpg 100 jpeg 8
d/a.tga 100 tga 8
d/b.jpg 100 png 8
d/bmp 100 bmp 8
d/c.gif 100 gif 1
d/d 100 pnm 1" ]
}

@test "sn-load: names are written as UTF-8, and back" {
	mkdir d
	picture d/$'\xc3\xa9'.pgm 1 1 1
	picture d/$'\xe9'.pgm 1 1 2
	picture d/$'a\nb\\c\td'.pgm 1 1 3
	run -0 items d
	[ "$(cut -f2 <<<"$output")" = 'd/a\x0ab\x5cc\x09d.pgm
d/'$'\xc3\xa9''.pgm
d/\xe9.pgm' ]
	mkdir d/$'x\xff'
	picture d/$'x\xff'/a.pgm 1 1 1
	[ "$(items d | cut -f3 | sed -n 2p)" = 'x\xff' ]
}

@test "sn-load: --size, --fit, --fill and --grey" {
	printf 'P5 4 2 255\n\1\3\5\7\1\3\5\7' >a.pgm
	data() { sn-load "$@" | sn-cat -t | sed -nE 's/.*"shape":(\[[0-9,]*\]),"data":(\[[0-9,]*\]).*/\1 \2/p'; }
	[ "$(data --size 2x1 a.pgm)" = "[1,2,1] [2,6]" ]
	[ "$(data --size 4x2 a.pgm)" = "[2,4,1] [1,3,5,7,1,3,5,7]" ]
	[ "$(data --size 2x2 --fit pad a.pgm)" = "[2,2,1] [2,6,255,255]" ]
	[ "$(data --size 2x3 --fit pad --fill 9 a.pgm)" = "[3,2,1] [9,9,2,6,9,9]" ]
	[ "$(data --size 2x2 --fit crop a.pgm)" = "[2,2,1] [3,5,3,5]" ]
	printf 'P6 1 1 255\n\377\0\0' >b.ppm
	[ "$(data --grey b.ppm)" = "[1,1,1] [76]" ]
	[ "$(data b.ppm)" = "[1,1,3] [255,0,0]" ]
	sn-load --size 2x1 a.pgm | sn-cat -t | grep -q '"w":4,"h":2'
}

@test "sn-load: lists of files" {
	faces
	find faces -name '*.pgm' | sort >list
	sn-load --files-from list -o a.sn
	sn-load --files-from - -o b.sn <list
	find faces -name '*.pgm' -print0 | sort -z | sn-load -0 --files-from - -o c.sn
	xargs sn-load -o d.sn <list
	cmp a.sn b.sn
	cmp a.sn c.sn
	cmp a.sn d.sn
	[ "$(items faces/ben/1.png --files-from list | cut -f2 | sed -n '1p;$p' | paste -sd' ')" = "faces/ben/1.png faces/me.pgm" ]
	printf 'faces/me.pgm' >noend
	[ "$(items --files-from noend | cut -f2)" = faces/me.pgm ]
	run -1 --separate-stderr sn-load --files-from /dev/null
	[[ $stderr == "sn-load: no name in list '/dev/null'" ]]
	run -1 --separate-stderr sn-load --files-from nowhere
	[[ $stderr == *"'nowhere'"* ]]
	printf 'faces/me.pgm\0' >zero
	run -1 --separate-stderr sn-load --files-from zero
	[[ $stderr == *"-0"* ]]
}

@test "sn-load: links to files are followed, links to folders are not" {
	faces
	ln -s ../faces faces/loop
	ln -s anna/2.pgm faces/zlink.pgm
	ln -s nowhere faces/nothing
	run -0 --separate-stderr items faces
	[ "${#lines[@]}" -eq 6 ]
	[ "$(cut -f2 <<<"${lines[5]}")" = faces/zlink.pgm ]
	ln -s faces other
	[ "$(items -q other | cut -f2,3 | tail -1)" = "other/zlink.pgm	other" ]
	ln -s nowhere faces/lost.png
	run -1 --separate-stderr items -q faces
	[[ $stderr == *"'faces/lost.png'"* ]]
	mkfifo faces/pipe
	run -1 --separate-stderr timeout 20 sn-load -t -q faces
}

# ---- labels --------------------------------------------------------------------------------

@test "sn-load: labels and forgeries by expression" {
	mkdir c
	for n in original_1_2 forgeries_1_2 original_12_1 other; do picture "c/$n.pgm" 1 1 1; done
	run -0 items --label 'original_([0-9]+)_' --forged 'forgeries_([0-9]+)_' c
	[ "$(cut -f2-4 <<<"$output")" = "c/forgeries_1_2.pgm	1	forged
c/original_12_1.pgm	12	-
c/original_1_2.pgm	1	-
c/other.pgm	-	-" ]
	[ "$(items --label '(orig)inal_([0-9]+)|(oth)' c | cut -f3 | paste -sd' ')" = "- orig/12 orig/1 oth" ]
	[ "$(items --label '[0-9]+' c | cut -f3 | paste -sd' ')" = "1 12 1 -" ]
	[ "$(items --label none c | cut -f3 | paste -sd' ')" = "- - - -" ]
	[ "$(items --label none --forged forg c | cut -f3,4 | sed -n 1p)" = "-	forged" ]
	[ "$(items --forged forg c | cut -f3,4 | sed -n 1p)" = "c	forged" ]
	sn-load --forged forg c | sn-cat -t | grep -c '"forged":true' | grep -qx 1
	run -2 --separate-stderr items --label '(' c
	[[ $stderr == "sn-load: --label: '('"* ]]
	[ -z "$output" ]
	run -2 --separate-stderr items --forged '[' c
	[[ $stderr == "sn-load: --forged: '['"* ]]
}

# ---- IDX -----------------------------------------------------------------------------------

@test "sn-load: IDX, plain and gzipped, with the labels beside it" {
	idx train-images-idx3-ubyte 3 2 2
	idx_labels train-labels-idx1-ubyte 3
	sn-load train-images-idx3-ubyte | sn-cat -t >plain.json
	[[ "$(sed -n 4p plain.json)" == '{"item":2,"key":"train-images-idx3-ubyte#2","label":"2","x":{"type":"|u1","shape":[2,2,1],"data":[8,9,10,11]},"file":{"bytes":4,"type":"idx","w":2,"h":2}}' ]]
	gzip -k ./*-ubyte
	mkdir packed
	mv ./*.gz packed
	sn-load -q packed | sn-cat -t >packed.json
	sed 's,packed/,,; s,\.gz,,' packed.json | cmp <(sed '$d' plain.json) <(sed '$d' <(sed 's,packed/,,; s,\.gz,,' packed.json))
	# one packed, the other not
	gunzip packed/*labels*
	[ "$(items -q packed | cut -f3 | paste -sd' ')" = "0 1 2" ]
	run -0 --separate-stderr items packed
	[[ $stderr == *"1 file is no picture"* ]]
	rm packed/*labels*
	run -0 --separate-stderr items packed
	[ "$(cut -f3 <<<"$output" | paste -sd' ')" = "- - -" ]
	[[ $stderr == *"no file of labels beside 'packed/train-images-idx3-ubyte.gz'"* ]]
	[ "$(items --label '#([0-9])' packed | cut -f3 | paste -sd' ')" = "0 1 2" ]
	[ "$(items --label none train-images-idx3-ubyte | cut -f3 | paste -sd' ')" = "- - -" ]
	[ "$(items --size 1x1 train-images-idx3-ubyte | cut -f5 | sort -u)" = "[1][1][1]" ]
}

@test "sn-load: damaged IDX" {
	idx t10k-images-idx3-ubyte 3 2 2
	idx_labels t10k-labels-idx1-ubyte 3
	head -c 23 t10k-images-idx3-ubyte >cut-images-idx3-ubyte
	run -1 --separate-stderr bash -c 'sn-load cut-images-idx3-ubyte >out.sn'
	[[ $stderr == *"'cut-images-idx3-ubyte' is cut short"* ]]
	sn-cat -t out.sn | tail -1 | grep -q '"end":1,"failed":2'
	(cat t10k-images-idx3-ubyte && echo) >long-images-idx3-ubyte
	run -1 --separate-stderr items long-images-idx3-ubyte
	[[ $stderr == *"more than its 3 pictures"* ]]
	gzip -k t10k-images-idx3-ubyte
	size=$(stat -c %s t10k-images-idx3-ubyte.gz)
	for n in 18 $((size / 2)) $((size - 8)) $((size - 1)); do
		head -c $n t10k-images-idx3-ubyte.gz >c-images-idx3-ubyte.gz
		run -1 --separate-stderr items -q c-images-idx3-ubyte.gz
		[ -n "$stderr" ]
	done
	idx_labels t10k-labels-idx1-ubyte 4
	run -1 --separate-stderr items t10k-images-idx3-ubyte
	[ -z "$output" ]
	[[ $stderr == *"holds 4 labels, but 't10k-images-idx3-ubyte' 3 pictures"* ]]
	idx_labels five 5
	head -c 10 five >t10k-labels-idx1-ubyte
	run -1 --separate-stderr items t10k-images-idx3-ubyte
	[ -z "$output" ]
	idx_labels t10k-labels-idx1-ubyte 3
	run -1 --separate-stderr items t10k-labels-idx1-ubyte
	[[ $stderr == *"labels, not of pictures"* ]]
	printf '\0\0\10\3\377\377\377\377\377\377\377\377\377\377\377\377' >huge-images-idx3-ubyte
	run -1 --separate-stderr items -q huge-images-idx3-ubyte
	[[ $stderr == *"too many"* ]]
}

# ---- failures ------------------------------------------------------------------------------

@test "sn-load: what cannot be decoded is named and counted, the rest goes on" {
	faces
	head -c 20 faces/ben/1.png >faces/ben/0.png
	: >faces/ben/2.jpg
	echo "no picture" >faces/ben/3.png
	run -1 --separate-stderr bash -c 'sn-load -q faces >out.sn'
	[[ $stderr == *"sn-load: cannot decode 'faces/ben/0.png': png: cut short"* ]]
	[[ $stderr == *"sn-load: cannot decode 'faces/ben/2.jpg': the file is empty"* ]]
	[[ $stderr == *"sn-load: cannot decode 'faces/ben/3.png': its first bytes are no picture's"* ]]
	[[ $stderr == *"sn-load: 3 of 8 pictures could not be read" ]]
	sn-cat -t out.sn | tail -1 | grep -q '"end":5,"failed":3'
	[ "$(sn-cat -t out.sn | grep -c '"item":[0-4],')" -eq 5 ]

	run -0 --separate-stderr sn-load -q --allow-failed -o allowed.sn faces
	cmp out.sn allowed.sn
	run -0 --separate-stderr sn-load -q --allow-failed=3 -o allowed.sn faces
	run -1 --separate-stderr sn-load -q --allow-failed=2 -o allowed.sn faces
	run -1 --separate-stderr sn-load -q -o failed.sn faces
	cmp out.sn failed.sn

	run -1 --separate-stderr bash -c 'sn-load -q --strict faces >strict.sn'
	[ "$stderr" = "sn-load: cannot decode 'faces/ben/0.png': png: cut short" ]
	run -1 sn-cat strict.sn
	run -1 sn-load -q --strict -o none.sn faces
	[ ! -e none.sn ]
}

@test "sn-load: operands that are not there, and folders without pictures" {
	faces
	run -1 --separate-stderr items faces nowhere
	[ -z "$output" ]
	[ "$stderr" = "sn-load: cannot open 'nowhere': no such file or directory" ]
	run -1 --separate-stderr items ''
	[[ $stderr == *"cannot open ''"* ]]
	run -1 --separate-stderr items faces/me.pgm/
	[ -z "$output" ]
	mkdir empty
	echo x >empty/README
	run -1 --separate-stderr items faces empty
	[ -z "$output" ]
	[ "$stderr" = "sn-load: no picture in folder 'empty' (1 file is none)" ]
	run -0 --separate-stderr sn-load -q --allow-empty -o out.sn empty
	sn-cat -t out.sn | tail -1 | grep -q '"end":0'
	run -0 --separate-stderr sn-load -q --allow-empty --files-from /dev/null -o out.sn
	printf '\0\0\10\3\0\0\0\0\0\0\0\1\0\0\0\1' >none-images-idx3-ubyte
	run -1 --separate-stderr items -q none-images-idx3-ubyte
	[ "$stderr" = "sn-load: no picture in 'none-images-idx3-ubyte'" ]
	run -1 --separate-stderr items faces/README
	[[ $stderr == *"cannot decode 'faces/README': its first bytes are no picture's"* ]]
}

@test "sn-load: pictures of other types are lost, and not passed over" {
	faces
	printf 'II*\0' >faces/a.dat
	printf 'RIFF\0\0\0\0WEBP' >faces/b.webp
	printf '\0\5\26\7' >faces/._b.png
	run -1 --separate-stderr items faces
	[ "${#lines[@]}" -eq 5 ]
	[[ $stderr == *"cannot decode 'faces/a.dat': TIFF is not supported: convert it to PNG"* ]]
	[[ $stderr == *"cannot decode 'faces/b.webp': WebP is not supported"* ]]
	[[ $stderr == *"3 files are no pictures"*"2 of 7 pictures could not be read" ]]
	idx some-images-idx3-ubyte 1 2 2
	run -1 --separate-stderr items - <some-images-idx3-ubyte
	[[ $stderr == *"'<stdin>': an IDX file is only read from disk, by its name"* ]]
}

@test "sn-load: wrong command lines" {
	faces
	refused() {
		run -2 --separate-stderr "$@"
		[ -z "$output" ]
		[[ $stderr == "sn-load: "* && $stderr != *$'\n'* ]]
	}
	refused sn-load
	refused sn-load --size 28 faces
	refused sn-load --size 28x faces
	refused sn-load --size 1048576x1048576 faces
	refused sn-load --fit squeeze faces
	refused sn-load --fill 256 faces
	refused sn-load --strict --allow-failed faces
	refused sn-load --strict --allow-failed=3 faces
	refused sn-load --allow-failed=x faces
	refused sn-load -0 faces
	refused sn-load --files-from - -
	run -0 --separate-stderr sn-load -h
	[[ $output == "usage: sn-load "* ]]
	[ -z "$stderr" ]
}

@test "sn-load: a full disk is not success" {
	faces
	run -1 --separate-stderr bash -c 'sn-load -q faces >/dev/full'
	[[ $stderr == "sn-load: "* ]]
	run -1 sn-load -q -o /dev/full faces
}

@test "sn-load: a picture over 48 MiB is reduced, with a note" {
	(printf 'P5 8192 6145 255\n' && head -c $((8192 * 6145)) /dev/zero) >big.pgm
	run -0 --separate-stderr items --label none big.pgm
	[ "$output" = "0	big.pgm	-	-	[3073][4096][1]" ]
	[ "$stderr" = "sn-load: 'big.pgm' is over 48 MiB: reduced to 1/2 of its width and height" ]
}

@test "sn-load: the same bytes with any number of threads" {
	mkdir d
	for i in {1..60}; do
		if ((i % 9)); then picture "d/$i.pgm" "$((i % 7 + 1))" "$((i % 5 + 1))" "$((i * 4))"; else echo "no" >"d/$i.png"; fi
	done
	idx d/a-images-idx3-ubyte 200 3 3
	idx_labels d/a-labels-idx1-ubyte 200
	for j in 1 2 7; do
		run -1 --separate-stderr sn-load -q -j $j --size 5x4 -o $j.sn d
		echo "$stderr" >$j.txt
	done
	cmp 1.sn 2.sn
	cmp 1.sn 7.sn
	cmp 1.txt 7.txt
	[ "$(sn-cat -t 1.sn | tail -1 | grep -o '"end":[0-9]*,"failed":6')" = '"end":254,"failed":6' ]
}

@test "sn-load: the history tells what was asked, and no paths" {
	faces
	unset SN_NO_HISTORY
	sn-load -q -j 2 --size 4x4 faces -o a.sn
	sn-load -q -j 1 --size 4x4 faces >b.sn
	cmp a.sn b.sn
	sn-cat -t a.sn | sed -n 1p >head.json
	grep -q '"history":\[{"cmd":"sn-load","version":"[0-9.]*","options":{"fill":255,"fit":"stretch","grey":false,"label":"dir","size":"4x4"}}' head.json
	run ! grep -q faces head.json
}

# ---- the data of the field -----------------------------------------------------------------

@test "sn-load: ORL, whose README is no error" {
	need_data orl.tar.xz
	run -0 --separate-stderr items data/orl
	[ "${#lines[@]}" -eq 300 ]
	[ "$(cut -f3,5 <<<"$output" | sort | uniq -c | awk '{ print $1, $3 }' | sort -u)" = "10 [112][92][1]" ]
	[[ $stderr == *"1 file is no picture"* ]]
}

@test "sn-load: Omniglot, a bit per pixel" {
	need_data omniglot.tar.xz
	sn-load -q data/omniglot/images_background/Tagalog -o a.sn
	sn-load -q -j 1 data/omniglot/images_background/Tagalog -o b.sn
	cmp a.sn b.sn
	run -0 sn-load -t -q data/omniglot/images_background/Tagalog data/omniglot/images_background/Tagalog/character01
	[ "$(cut -f3 <<<"$output" | sort -u | wc -l)" -eq 17 ]
	[ "$(cut -f5 <<<"$output" | sort -u)" = "[105][105][1]" ]
}

@test "sn-load: CEDAR, whose file names tell signer and forgery" {
	need_data cedar-ink.tar.xz
	run -0 items -q --label 'original_([0-9]+)_' --forged 'forgeries_([0-9]+)_' data/cedar-ink
	[ "$(cut -f3,4 <<<"$output" | sort | uniq -c | awk '{ print $1 }' | sort | uniq -c | xargs)" = "80 24" ]
	[ "$(cut -f4 <<<"$output" | sort | uniq -c | awk '{ print $2, $1 }' | paste -sd' ')" = "- 960 forged 960" ]
}

@test "sn-load: plain and raw bitmaps are 0 and 255" {
	need_data crossmedia.tar.xz
	sn-load -q data/crossmedia/3 | sn-cat -t | grep -oE '"data":\[[0-9,]*\]' | tr -dc '0-9,\n' | tr ',' '\n' | sort -u >values
	[ "$(paste -sd' ' values)" = "0 255" ]
}

@test "sn-load: Fashion-MNIST, 7,000 pictures a class" {
	fashion=/usr/share/datasets/fashion-mnist
	[ -f $fashion/train-images-idx3-ubyte.gz ] || skip "$fashion is absent"
	run -0 bash -c "sn-load -q -t $fashion | cut -f3,5 | sort | uniq -c | awk '{ print \$1, \$3 }' | sort -u"
	[ "$output" = "7000 [28][28][1]" ]
}

@test "sn-load: what it is given in place of pictures is named" {
	cd "$BATS_TEST_TMPDIR"
	embeddings e.sn a '[0,0]'
	run -1 --separate-stderr sn-load -q e.sn
	[[ $stderr == "sn-load: cannot decode 'e.sn': an sn stream, "* ]]
	echo text | gzip >text.gz
	run -1 --separate-stderr sn-load -q text.gz
	[[ $stderr == "sn-load: cannot decode 'text.gz': it is compressed, "* ]]
	run -1 --separate-stderr sn-load -q --files-from - </dev/null
	[ "$stderr" = "sn-load: no name in list '<stdin>'" ]
}
