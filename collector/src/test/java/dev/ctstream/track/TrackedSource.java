package dev.ctstream.track;

import dev.ctstream.conntrack.EventSource;

/** A namespace without a socket. */
record TrackedSource(int index, String netns) implements EventSource {
    @Override
    public String netnsId() {
        return Integer.toString(index);
    }

    @Override
    public long dropsTotal() {
        return 0;
    }
}
