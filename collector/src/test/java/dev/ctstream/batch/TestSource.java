package dev.ctstream.batch;

import dev.ctstream.conntrack.EventSource;

/** A namespace without a socket. */
record TestSource(int index, String netns) implements EventSource {
    @Override
    public long dropsTotal() {
        return 0;
    }
}
