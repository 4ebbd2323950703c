package dev.ctstream.netlink;

import com.sun.jna.Native;
import java.lang.ref.Reference;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * A classic BPF program that the kernel runs on each message before it queues it for a socket: a message that is not
 * accepted costs no buffer, counts as no drop and wakes nobody.
 *
 * <p>Threads: immutable.
 *
 * <p>Errors: {@link NetlinkException}; EINVAL for a program that the kernel's checker refuses.
 *
 * <p>Source: {@code uapi/linux/filter.h}, {@code uapi/linux/bpf_common.h}, {@code net/core/filter.c};
 * {@code Documentation/networking/filter.rst}.
 */
public final class SocketFilter {
    /** {@code BPF_MAXINSNS}. */
    public static final int MAX_INSTRUCTIONS = 4096;

    private static final int INSTRUCTION_BYTES = 8;
    private static final int PROGRAM_BYTES = 16; // struct sock_fprog: u16 and a pointer
    private static final int POINTER_OFFSET = 8;
    private static final int ACCEPT_ALL_BYTES = -1;

    private static final int LOAD_CONSTANT = 0x00;
    private static final int LOAD_WORD = 0x20;
    private static final int LOAD_BYTE = 0x30;
    private static final int LOAD_WORD_AT_X = 0x40;
    private static final int LOAD_HALF_AT_X = 0x48;
    private static final int LOAD_BYTE_AT_X = 0x50;
    private static final int LOAD_MEMORY = 0x60;
    private static final int LOAD_X_CONSTANT = 0x01;
    private static final int LOAD_X_MEMORY = 0x61;
    private static final int STORE = 0x02;
    private static final int AND = 0x54;
    private static final int JUMP = 0x05;
    private static final int JUMP_EQUAL = 0x15;
    private static final int JUMP_GREATER = 0x25;
    private static final int TO_X = 0x07;
    private static final int RETURN = 0x06;

    /** {@code SKF_AD_OFF + SKF_AD_NLATTR} and {@code + SKF_AD_NLATTR_NEST}: extensions that look for attributes. */
    private static final int FIND_ATTRIBUTE = -0x1000 + 12;

    private static final int FIND_NESTED = -0x1000 + 16;

    private final List<Instruction> instructions;

    /** {@code struct sock_filter}. */
    private record Instruction(int code, int jumpTrue, int jumpFalse, int operand) {
        String text() {
            return switch (code) {
                case LOAD_CONSTANT -> "ld #" + operand;
                case LOAD_WORD ->
                    switch (operand) {
                        case FIND_ATTRIBUTE -> "ld attribute x from offset a";
                        case FIND_NESTED -> "ld attribute x in the nest at offset a";
                        default -> "ld [" + operand + "]";
                    };
                case LOAD_BYTE -> "ldb [" + operand + "]";
                case LOAD_WORD_AT_X -> "ld [x + " + operand + "]";
                case LOAD_HALF_AT_X -> "ldh [x + " + operand + "]";
                case LOAD_BYTE_AT_X -> "ldb [x + " + operand + "]";
                case LOAD_MEMORY -> "ld M[" + operand + "]";
                case LOAD_X_CONSTANT -> "ldx #" + operand;
                case LOAD_X_MEMORY -> "ldx M[" + operand + "]";
                case STORE -> "st M[" + operand + "]";
                case AND -> "and #0x" + Integer.toHexString(operand);
                case TO_X -> "tax";
                case RETURN -> operand == 0 ? "drop" : "accept";
                default -> "?" + code;
            };
        }
    }

    private SocketFilter(List<Instruction> instructions) {
        this.instructions = List.copyOf(instructions);
    }

    /** Number of instructions. */
    public int size() {
        return instructions.size();
    }

    /** Attaches the program to the socket, in place of an earlier one. It judges what arrives from then on. */
    public void attach(NetlinkSocket socket) throws NetlinkException {
        attach(socket.fd());
    }

    private void attach(int fd) throws NetlinkException {
        ByteBuffer code = Libc.allocate(instructions.size() * INSTRUCTION_BYTES);
        for (Instruction instruction : instructions) {
            code.putShort((short) instruction.code)
                    .put((byte) instruction.jumpTrue)
                    .put((byte) instruction.jumpFalse)
                    .putInt(instruction.operand);
        }
        ByteBuffer program = Libc.allocate(PROGRAM_BYTES);
        program.putShort(0, (short) instructions.size()).putLong(POINTER_OFFSET, Libc.address(code));
        try {
            int result = Libc.setsockopt(
                    fd, NetlinkSocket.SOL_SOCKET, NetlinkSocket.SO_ATTACH_FILTER, Libc.address(program), PROGRAM_BYTES);
            if (result < 0) {
                throw new NetlinkException(
                        "attach a filter of " + instructions.size() + " instructions", Native.getLastError());
            }
        } finally {
            Reference.reachabilityFence(code); // the program points at it
        }
    }

    /**
     * The kernel's verdict on each message, from a pair of AF_UNIX sockets; needs no privilege.
     *
     * @param messages as they would arrive
     */
    public List<Boolean> judge(List<byte[]> messages) throws NetlinkException {
        ByteBuffer fds = Libc.allocate(2 * Integer.BYTES);
        int type = Libc.SOCK_DGRAM | Libc.SOCK_CLOEXEC | Libc.SOCK_NONBLOCK;
        if (Libc.socketpair(Libc.AF_UNIX, type, 0, Libc.address(fds)) < 0) {
            throw new NetlinkException("socketpair", Native.getLastError());
        }
        int from = fds.getInt(0);
        int to = fds.getInt(Integer.BYTES);
        try {
            attach(to);
            List<Boolean> verdicts = new ArrayList<>();
            for (byte[] message : messages) {
                verdicts.add(passes(from, to, message));
            }
            return verdicts;
        } finally {
            Libc.close(from);
            Libc.close(to);
        }
    }

    private static boolean passes(int from, int to, byte[] message) throws NetlinkException {
        ByteBuffer bytes = Libc.allocate(message.length).put(message);
        if (Libc.sendto(from, Libc.address(bytes), message.length, 0, 0, 0) < 0) {
            throw new NetlinkException("send to a filtered socket", Native.getLastError());
        }
        if (Libc.read(to, Libc.address(bytes), message.length) >= 0) {
            return true;
        }
        int errno = Native.getLastError();
        if (errno != Errno.EAGAIN) {
            throw new NetlinkException("read from a filtered socket", errno);
        }
        return false;
    }

    /** One instruction a line, numbered, with the targets of jumps. */
    @Override
    public String toString() {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < instructions.size(); i++) {
            Instruction it = instructions.get(i);
            String line = switch (it.code) {
                case JUMP -> "ja " + (i + 1 + it.operand);
                case JUMP_EQUAL, JUMP_GREATER ->
                    (it.code == JUMP_EQUAL ? "jeq #0x" : "jgt #0x") + Integer.toHexString(it.operand) + " "
                            + (i + 1 + it.jumpTrue) + " else " + (i + 1 + it.jumpFalse);
                default -> it.text();
            };
            text.append(String.format(Locale.ROOT, "%4d  %s\n", i, line));
        }
        return text.toString();
    }

    /** Position in a program that is being written. */
    public static final class Label {
        private int at = -1;
    }

    /**
     * Writes a program. The accumulator is A, the index X; loads of words and halves read in network order.
     *
     * <p>Threads: confined to one.
     */
    public static final class Writer {
        private final List<Instruction> written = new ArrayList<>();
        private final List<Label> targets = new ArrayList<>(); // of each instruction; null where it does not jump far
        private static final Label NOWHERE = new Label();

        /** A = u8 at the offset. */
        public Writer loadByte(int offset) {
            return add(LOAD_BYTE, offset);
        }

        /** A = u32 at X + offset. */
        public Writer loadWordAtX(int offset) {
            return add(LOAD_WORD_AT_X, offset);
        }

        /** A = u16 at X + offset. */
        public Writer loadHalfAtX(int offset) {
            return add(LOAD_HALF_AT_X, offset);
        }

        /** A = u8 at X + offset. */
        public Writer loadByteAtX(int offset) {
            return add(LOAD_BYTE_AT_X, offset);
        }

        /** A = offset of the first attribute of the type at or after the offset; 0 = none. Changes X. */
        public Writer findAttribute(int offset, int type) {
            return add(LOAD_CONSTANT, offset).add(LOAD_X_CONSTANT, type).add(LOAD_WORD, FIND_ATTRIBUTE);
        }

        /** A = offset of the first attribute of the type in the nest at offset A; 0 = none. Changes X. */
        public Writer findNested(int type) {
            return add(LOAD_X_CONSTANT, type).add(LOAD_WORD, FIND_NESTED);
        }

        /** A = a constant. */
        public Writer load(int value) {
            return add(LOAD_CONSTANT, value);
        }

        /** A = M[cell], 0 to 15. */
        public Writer loadCell(int cell) {
            return add(LOAD_MEMORY, cell);
        }

        /** X = M[cell]. */
        public Writer loadXCell(int cell) {
            return add(LOAD_X_MEMORY, cell);
        }

        /** M[cell] = A. */
        public Writer store(int cell) {
            return add(STORE, cell);
        }

        /** A = A and mask. */
        public Writer and(int mask) {
            return add(AND, mask);
        }

        /** X = A. */
        public Writer toX() {
            return add(TO_X, 0);
        }

        /** Goes to the label if A equals the value. */
        public Writer jumpIfEqual(int value, Label to) {
            add(new Instruction(JUMP_EQUAL, 0, 1, value), NOWHERE);
            return jump(to);
        }

        /** Goes to the label if A, unsigned, is greater than the value. */
        public Writer jumpIfGreater(int value, Label to) {
            add(new Instruction(JUMP_GREATER, 0, 1, value), NOWHERE);
            return jump(to);
        }

        /** Goes to the label, which is placed later. */
        public Writer jump(Label to) {
            return add(new Instruction(JUMP, 0, 0, 0), to);
        }

        /** The label is here. */
        public Writer place(Label label) {
            label.at = written.size();
            return this;
        }

        /** Ends with acceptance. */
        public Writer accept() {
            return add(RETURN, ACCEPT_ALL_BYTES);
        }

        /** Ends with refusal. */
        public Writer drop() {
            return add(RETURN, 0);
        }

        private Writer add(int code, int operand) {
            return add(new Instruction(code, 0, 0, operand), NOWHERE);
        }

        private Writer add(Instruction instruction, Label target) {
            written.add(instruction);
            targets.add(target);
            return this;
        }

        /** Number of instructions so far. */
        public int size() {
            return written.size();
        }

        /** The program; every label that is jumped to has been placed. */
        public SocketFilter finish() {
            List<Instruction> program = new ArrayList<>();
            for (int i = 0; i < written.size(); i++) {
                Label target = targets.get(i);
                Instruction it = written.get(i);
                if (target.equals(NOWHERE)) {
                    program.add(it);
                } else if (target.at <= i) {
                    throw new IllegalStateException("a jump backwards, or to nowhere");
                } else {
                    program.add(new Instruction(it.code, 0, 0, target.at - i - 1));
                }
            }
            return new SocketFilter(program);
        }
    }

    /** Offset of the subsystem's number in a message's header: the upper byte of {@code nlmsg_type}. */
    public static int subsystemOffset() {
        return NlMsgHdr.TYPE_OFFSET + (ByteOrder.nativeOrder() == ByteOrder.LITTLE_ENDIAN ? 1 : 0);
    }
}
