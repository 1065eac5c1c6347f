# Six states advanced side by side (expand.h), for x86-64 with BMI2, System V calling convention.
#
# For Intel's processors, where bextr is two operations and a load takes five cycles: a round of one state is thirteen operations
# and lasts twelve cycles or more, so five states leave gaps. The halves of six take twelve registers and leave two for indices.
# Of the orders and instructions that were tried on Golden Cove (shifts, high bytes, pext, rotations) this is the fastest.
#
#   rdx states   eax ecx one round's indices and sum
#   left, right: esi edi   ebx ebp   r8d r9d   r10d r11d   r12d r13d   r14d r15d
#   [rsp] the next two words of the first state   [rsp+8] its end
#
# WITHOUT_CHAINS and secrets: as in expand_x86_64.S.

#ifdef WITHOUT_CHAINS
#define NAME durward_bcrypt_mix6
#define ODD(left, low, right, right_low) left, low, right
#else
#define NAME durward_bcrypt_expand6
#define ODD(left, low, right, right_low) right, right_low, left
#endif

        .intel_syntax noprefix
        .text

        .set SBOX0, 18*4
        .set SBOX1, SBOX0 + 1024
        .set SBOX2, SBOX1 + 1024
        .set SBOX3, SBOX2 + 1024
        .set WORDS, SBOX3 + 1024
        .set STRIDE, 4288               # sizeof(State)

# left ^= subkey; right ^= F(left). `low` is the low byte of `left`.
.macro half lane, left, low, right, round
        xor     \left, [rdx + \lane*STRIDE + 4*(\round)]
        rorx    ecx, \left, 16
        mov     eax, \left
        movzx   ecx, cl
        shr     eax, 24
        mov     ecx, [rdx + rcx*4 + \lane*STRIDE + SBOX1]
        add     ecx, [rdx + rax*4 + \lane*STRIDE + SBOX0]
        mov     eax, \left
        movzx   eax, ah
        xor     ecx, [rdx + rax*4 + \lane*STRIDE + SBOX2]
        movzx   eax, \low
        add     ecx, [rdx + rax*4 + \lane*STRIDE + SBOX3]
        xor     \right, ecx
.endm

.macro two_rounds round
        half    0, esi, sil, edi, \round
        half    1, ebx, bl, ebp, \round
        half    2, r8d, r8b, r9d, \round
        half    3, r10d, r10b, r11d, \round
        half    4, r12d, r12b, r13d, \round
        half    5, r14d, r14b, r15d, \round
        half    0, ODD(esi, sil, edi, dil), \round + 1
        half    1, ODD(ebx, bl, ebp, bpl), \round + 1
        half    2, ODD(r8d, r8b, r9d, r9b), \round + 1
        half    3, ODD(r10d, r10b, r11d, r11b), \round + 1
        half    4, ODD(r12d, r12b, r13d, r13b), \round + 1
        half    5, ODD(r14d, r14b, r15d, r15b), \round + 1
.endm

# The last two subkeys, the exchange of the halves, and the words they become; rax is where.
.macro finish lane, left, right
        mov     ecx, \left
        mov     \left, \right
        xor     ecx, [rdx + \lane*STRIDE + 4*16]
        xor     \left, [rdx + \lane*STRIDE + 4*17]
        mov     \right, ecx
        mov     [rax + \lane*STRIDE], \left
        mov     [rax + \lane*STRIDE + 4], ecx
.endm

        .globl  NAME
        .hidden NAME
        .type   NAME, @function
NAME:
        .cfi_startproc
        push    rbx
        .cfi_adjust_cfa_offset 8
        push    rbp
        .cfi_adjust_cfa_offset 8
        push    r12
        .cfi_adjust_cfa_offset 8
        push    r13
        .cfi_adjust_cfa_offset 8
        push    r14
        .cfi_adjust_cfa_offset 8
        push    r15
        .cfi_adjust_cfa_offset 8
        sub     rsp, 16
        .cfi_adjust_cfa_offset 16
        lea     rax, [rdi + WORDS]
        mov     [rsp], rdi
        mov     [rsp + 8], rax
        mov     rdx, rdi
        .irp    half, esi, edi, ebx, ebp, r8d, r9d, r10d, r11d, r12d, r13d, r14d, r15d
        xor     \half, \half
        .endr
        .p2align 6
block:
        .irp    round, 0, 2, 4, 6, 8, 10, 12, 14
        two_rounds \round
        .endr
        mov     rax, [rsp]
        finish  0, esi, edi
        finish  1, ebx, ebp
        finish  2, r8d, r9d
        finish  3, r10d, r11d
        finish  4, r12d, r13d
        finish  5, r14d, r15d
        add     rax, 8
        mov     [rsp], rax
        cmp     rax, [rsp + 8]
        jb      block
        add     rsp, 16
        .cfi_adjust_cfa_offset -16
        .irp    saved, r15, r14, r13, r12, rbp, rbx
        pop     \saved
        .cfi_adjust_cfa_offset -8
        .endr
        ret
        .cfi_endproc
        .size   NAME, .-NAME
        .section .note.GNU-stack, "", @progbits
