# Five states advanced side by side (expand.h), for x86-64 with BMI1, System V calling convention.
#
# A round of one state is nine operations of the arithmetic units and five loads, one waiting for the other; five states
# fill the four units of the processors it was written for (Zen 3 and 4). The states lie one after the other, so one base
# register and constant displacements reach all of them, and their halves stay in ten registers.
#
#   r15 states   ebx bits 16-23 for bextr   eax ecx edx one round's indices
#   left, right: esi edi   ebp r8d   r9d r10d   r11d r12d   r13d r14d
#   [rsp] the next two words of the first state   [rsp+8] its end
#
# With WITHOUT_CHAINS (tests/bench) the halves do not change places, so that no round waits for the one before: the same
# instructions, which hash nothing and show what this processor can do at best.
#
# Nothing depends on a secret but the addresses of loads, as in every implementation of bcrypt.

#ifdef WITHOUT_CHAINS
#define NAME durward_bcrypt_mix5
#define ODD(left, low, right, right_low) left, low, right
#else
#define NAME durward_bcrypt_expand5
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
        xor     \left, [r15 + \lane*STRIDE + 4*(\round)]
        mov     eax, \left
        bextr   edx, \left, ebx
        movzx   ecx, ah
        shr     eax, 24
        mov     eax, [r15 + rax*4 + \lane*STRIDE + SBOX0]
        add     eax, [r15 + rdx*4 + \lane*STRIDE + SBOX1]
        movzx   edx, \low
        xor     eax, [r15 + rcx*4 + \lane*STRIDE + SBOX2]
        add     eax, [r15 + rdx*4 + \lane*STRIDE + SBOX3]
        xor     \right, eax
.endm

.macro two_rounds round
        half    0, esi, sil, edi, \round
        half    1, ebp, bpl, r8d, \round
        half    2, r9d, r9b, r10d, \round
        half    3, r11d, r11b, r12d, \round
        half    4, r13d, r13b, r14d, \round
        half    0, ODD(esi, sil, edi, dil), \round + 1
        half    1, ODD(ebp, bpl, r8d, r8b), \round + 1
        half    2, ODD(r9d, r9b, r10d, r10b), \round + 1
        half    3, ODD(r11d, r11b, r12d, r12b), \round + 1
        half    4, ODD(r13d, r13b, r14d, r14b), \round + 1
.endm

# The last two subkeys, the exchange of the halves, and the words they become; rax is where.
.macro finish lane, left, right
        mov     ecx, \left
        mov     \left, \right
        xor     ecx, [r15 + \lane*STRIDE + 4*16]
        xor     \left, [r15 + \lane*STRIDE + 4*17]
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
        mov     r15, rdi
        mov     ebx, 0x0810
        .irp    half, esi, edi, ebp, r8d, r9d, r10d, r11d, r12d, r13d, r14d
        xor     \half, \half
        .endr
        .p2align 6
block:
        .irp    round, 0, 2, 4, 6, 8, 10, 12, 14
        two_rounds \round
        .endr
        mov     rax, [rsp]
        finish  0, esi, edi
        finish  1, ebp, r8d
        finish  2, r9d, r10d
        finish  3, r11d, r12d
        finish  4, r13d, r14d
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
