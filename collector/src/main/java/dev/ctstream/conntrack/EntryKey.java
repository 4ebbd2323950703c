package dev.ctstream.conntrack;

/**
 * Identifies one entry of the table and none of its successors.
 *
 * @param id {@code CTA_ID}, u32; a later entry with the same tuple has another one
 */
public record EntryKey(TupleSpec original, ZoneScope zone, long id) implements DeleteRequest {
    private static final long MAX_ID = 0xFFFF_FFFFL;

    /** Checks the range. */
    public EntryKey {
        if (id < 0 || id > MAX_ID) {
            throw new IllegalArgumentException("id " + id);
        }
    }

    /** Copies the key of an event or a dump entry; both always have an id. */
    public static EntryKey of(FlowEvent event) {
        return new EntryKey(TupleSpec.of(event.original()), ZoneScope.of(event), event.id());
    }
}
