package dev.ctstream.verify;

import dev.ctstream.record.RecordDecoder;
import dev.ctstream.record.Recorded;

/** Recorded topics, passed through a verifier. */
final class Verified {
    private Verified() {}

    /** Uses a verifier with large limits. */
    static VerifyReport of(Recorded topic) {
        return of(topic, new Verifier(new Verifier.Limits(1000, 1000, 1 << 20)));
    }

    static VerifyReport of(Recorded topic, Verifier verifier) {
        RecordDecoder decoder = new RecordDecoder();
        Recorded.feed(decoder, topic.control, verifier::control);
        Recorded.feed(decoder, topic.events, verifier::event);
        return verifier.finish();
    }
}
