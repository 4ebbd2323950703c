package dev.ctstream.control;

import dev.ctstream.batch.ControlRecord;
import dev.ctstream.conntrack.ConntrackTable;
import dev.ctstream.conntrack.EventSource;
import dev.ctstream.netlink.NetlinkException;
import dev.ctstream.record.StreamId;

/**
 * A namespace as the control thread and the dump thread use it: the source of its events, and what they ask its kernel.
 *
 * <p>Threads: any; what is opened here belongs to the caller's thread.
 */
public interface NamespaceAccess {
    /** Where its events come from. */
    EventSource source();

    /** Name of the namespace; {@code host} for the collector's own. */
    default String netns() {
        return source().netns();
    }

    /** The stream of its control records. */
    default StreamId control() {
        return StreamId.control(source().netns(), source().netnsId());
    }

    /** How it was found. */
    default ControlRecord.FoundBy foundBy() {
        return ControlRecord.FoundBy.OWN;
    }

    /** Whether the configuration names it, so that what is wrong with it is the operator's matter. */
    default boolean named() {
        return true;
    }

    /** The receive buffer that the kernel granted to its source. */
    long receiveBufferBytes();

    /** Reads the sysctls on which the records depend. */
    ControlRecord.Sysctls sysctls();

    /** Sets those sysctls to 1, and reads them. */
    ControlRecord.Sysctls manageSysctls();

    /** Opens its table. */
    ConntrackTable openTable() throws NetlinkException;

    /** Begins to look for reliable sockets other than its source's own. */
    OtherListeners otherListeners();

    /** Other sockets that receive the namespace's events. */
    interface OtherListeners extends AutoCloseable {
        /** Whether another socket is known to be reliable now. */
        boolean reliable();

        @Override
        void close();
    }
}
