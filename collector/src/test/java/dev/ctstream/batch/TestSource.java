package dev.ctstream.batch;

import dev.ctstream.conntrack.EventSource;

/** A namespace without a socket. */
record TestSource(int index, String netns, String netnsId) implements EventSource {
    /** A namespace whose identity derives from its name. */
    TestSource(int index, String netns) {
        this(index, netns, "id-" + netns);
    }

    @Override
    public long dropsTotal() {
        return 0;
    }
}
