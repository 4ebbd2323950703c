package dev.ctstream.conntrack;

import java.util.Arrays;

/**
 * Maps the attributes of one nest: for each attribute number, the field that it fills and the only payload length that
 * is accepted. Built once as a constant, read for every attribute.
 */
final class FieldTable {
    /** Entry of a number that has no row in the table. */
    static final int UNKNOWN = -1;
    /** Entry of a number that is padding. */
    static final int PAD = -2;

    private final int[] entries; // index: attribute number; field << 8 | payload bytes

    private FieldTable(int[] entries) {
        this.entries = entries;
    }

    static FieldTable empty() {
        return new FieldTable(new int[0]);
    }

    /** This table plus a row. */
    FieldTable with(int number, int field, int payloadBytes) {
        return withEntry(number, field << 8 | payloadBytes);
    }

    /** This table plus a number that the kernel uses for padding. */
    FieldTable withPad(int number) {
        return withEntry(number, PAD);
    }

    int entry(int number) {
        return number < entries.length ? entries[number] : UNKNOWN;
    }

    static int field(int entry) {
        return entry >> 8;
    }

    static int payloadBytes(int entry) {
        return entry & 0xFF;
    }

    private FieldTable withEntry(int number, int entry) {
        int[] copy = new int[Math.max(entries.length, number + 1)];
        Arrays.fill(copy, UNKNOWN);
        System.arraycopy(entries, 0, copy, 0, entries.length);
        copy[number] = entry;
        return new FieldTable(copy);
    }
}
