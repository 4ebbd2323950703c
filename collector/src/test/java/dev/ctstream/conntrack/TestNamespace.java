package dev.ctstream.conntrack;

import dev.ctstream.netlink.FreshNamespace;
import dev.ctstream.netlink.Links;
import dev.ctstream.netlink.NetlinkException;
import dev.ctstream.netlink.NetworkNamespace;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * An empty network namespace with loopback up, in which each flow raises all its events with counters and times. For the
 * kernel tests; needs the private user or mount namespace that they run in.
 */
public final class TestNamespace implements AutoCloseable {
    private static final Path SYSCTL = Path.of("/proc/sys/net/netfilter");

    private final NetworkNamespace namespace;

    private TestNamespace(NetworkNamespace namespace) {
        this.namespace = namespace;
    }

    /** Creates one. */
    public static TestNamespace create() throws NetlinkException {
        TestNamespace created = new TestNamespace(NetworkNamespace.create());
        created.namespace.call(() -> {
            Links.bringUp("lo");
            return 0;
        });
        created.sysctl("nf_conntrack_events", "1");
        created.sysctl("nf_conntrack_acct", "1");
        created.sysctl("nf_conntrack_timestamp", "1");
        return created;
    }

    /** Writes a sysctl of this namespace: the kernel shows each thread those of its own. */
    public void sysctl(String name, String value) throws NetlinkException {
        namespace.call(() -> {
            try {
                Files.writeString(SYSCTL.resolve(name), value);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
            return 0;
        });
    }

    public NetworkNamespace handle() {
        return namespace;
    }

    /** A path by which this process and others of its user can open the namespace, until this is closed. */
    public Path path() throws IOException {
        String link = "net:[" + namespace.inode() + "]";
        Path descriptors =
                Path.of("/proc", Long.toString(ProcessHandle.current().pid()), "fd");
        try (DirectoryStream<Path> open = Files.newDirectoryStream(descriptors)) {
            for (Path descriptor : open) {
                if (Files.isSymbolicLink(descriptor)
                        && Files.readSymbolicLink(descriptor).toString().equals(link)) {
                    return descriptor;
                }
            }
        }
        throw new IllegalStateException("no descriptor of " + link);
    }

    /** Runs work on a thread inside; sockets that it opens stay inside. */
    public <T> T call(NetworkNamespace.Work<T> work) throws NetlinkException {
        return namespace.call(work);
    }

    /** Runs the body on a thread inside; its processes and sockets belong to the namespace. */
    public void run(FreshNamespace.Body body) throws NetlinkException {
        namespace.call(() -> {
            FreshNamespace.perform(body);
            return 0;
        });
    }

    @Override
    public void close() {
        namespace.close();
    }
}
