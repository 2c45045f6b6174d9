#include "textflag.h"

// NEXT makes the next round key of FIPS 197 from the one in X0 and stores it.
#define NEXT(constant, offset) \
	AESKEYGENASSIST $constant, X0, X1 \
	PSHUFD $0xff, X1, X1 \
	MOVOU  X0, X2 \
	PSLLDQ $4, X2 \
	PXOR   X2, X0 \
	PSLLDQ $4, X2 \
	PXOR   X2, X0 \
	PSLLDQ $4, X2 \
	PXOR   X2, X0 \
	PXOR   X1, X0 \
	MOVOU  X0, offset(AX)

// func expandKey(keys *[11]Block, key *[16]byte)
TEXT ·expandKey(SB), NOSPLIT, $0-16
	MOVQ  keys+0(FP), AX
	MOVQ  key+8(FP), BX
	MOVOU (BX), X0
	MOVOU X0, (AX)
	NEXT(0x01, 16)
	NEXT(0x02, 32)
	NEXT(0x04, 48)
	NEXT(0x08, 64)
	NEXT(0x10, 80)
	NEXT(0x20, 96)
	NEXT(0x40, 112)
	NEXT(0x80, 128)
	NEXT(0x1b, 144)
	NEXT(0x36, 160)
	RET

// ALL does one instruction of a round to all blocks.
#define ALL(instruction, offset) \
	MOVOU offset(AX), X8 \
	instruction X8, X0 \
	instruction X8, X1 \
	instruction X8, X2 \
	instruction X8, X3 \
	instruction X8, X4 \
	instruction X8, X5 \
	instruction X8, X6 \
	instruction X8, X7

// func encryptBlocks(keys *[11]Block, blocks *[8]Block)
TEXT ·encryptBlocks(SB), NOSPLIT, $0-16
	MOVQ  keys+0(FP), AX
	MOVQ  blocks+8(FP), BX
	MOVOU (BX), X0
	MOVOU 16(BX), X1
	MOVOU 32(BX), X2
	MOVOU 48(BX), X3
	MOVOU 64(BX), X4
	MOVOU 80(BX), X5
	MOVOU 96(BX), X6
	MOVOU 112(BX), X7
	ALL(PXOR, 0)
	ALL(AESENC, 16)
	ALL(AESENC, 32)
	ALL(AESENC, 48)
	ALL(AESENC, 64)
	ALL(AESENC, 80)
	ALL(AESENC, 96)
	ALL(AESENC, 112)
	ALL(AESENC, 128)
	ALL(AESENC, 144)
	ALL(AESENCLAST, 160)
	MOVOU X0, (BX)
	MOVOU X1, 16(BX)
	MOVOU X2, 32(BX)
	MOVOU X3, 48(BX)
	MOVOU X4, 64(BX)
	MOVOU X5, 80(BX)
	MOVOU X6, 96(BX)
	MOVOU X7, 112(BX)
	RET
