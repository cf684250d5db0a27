load helper

@test "unit: kernels of every instruction set against plain loops" {
	for isa in v4 v3 v2 generic; do # what this processor lacks falls back to what it has
		SN_ISA=$isa run -0 "$BUILD/tests/test_kernel"
	done
}

@test "unit: layers against a reference in double, gradients along random directions" {
	run -0 "$BUILD/tests/test_layers"
}

@test "unit: networks: text, exact embeddings and gradients" {
	run -0 "$BUILD/tests/test_net"
}

@test "unit: exact embeddings and gradients of other instruction sets" {
	for isa in v3 generic; do
		SN_ISA=$isa run -0 "$BUILD/tests/test_net" short
	done
}

@test "unit: models written and read back" {
	run -0 "$BUILD/tests/test_model" "$BATS_TEST_TMPDIR"
}
