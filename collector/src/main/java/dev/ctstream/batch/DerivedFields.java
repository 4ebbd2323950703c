package dev.ctstream.batch;

/**
 * Which fields of an event are computed only on request ({@code record.derived}).
 *
 * @param communityId {@code community_id} and {@code reply_community_id}
 * @param names {@code protocol_name} and {@code tcp_state_name}
 */
public record DerivedFields(boolean communityId, boolean names) {
    /** None of them: all are null. */
    public static final DerivedFields NONE = new DerivedFields(false, false);
}
