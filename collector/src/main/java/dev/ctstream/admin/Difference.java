package dev.ctstream.admin;

/**
 * Something about a new entry that is not as it was asked for.
 *
 * @param field name of the field, as an option has it
 * @param asked what was asked for
 * @param is what the kernel made of it
 * @param reason why, or what it means; may be empty
 */
public record Difference(String field, String asked, String is, String reason) {
    /** Such as {@code label: asked 0,127, the entry has none (no rule uses labels)}. */
    public String text() {
        return field + ": asked " + asked + ", the entry has " + is + (reason.isEmpty() ? "" : " (" + reason + ")");
    }
}
