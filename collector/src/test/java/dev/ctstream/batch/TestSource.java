package dev.ctstream.batch;

import dev.ctstream.conntrack.EventSource;

/** A namespace without a socket. */
record TestSource(int index, String netns, String netnsId) implements EventSource {
    /** The only namespace that ever has this name. */
    TestSource(int index, String netns) {
        this(index, netns, "id-" + netns);
    }

    @Override
    public long dropsTotal() {
        return 0;
    }
}
