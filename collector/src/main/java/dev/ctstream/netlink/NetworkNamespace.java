package dev.ctstream.netlink;

import com.sun.jna.Native;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import org.jspecify.annotations.Nullable;

/**
 * A handle on a network namespace. It keeps the namespace alive, as every socket opened inside does.
 *
 * <p>Ownership: the opener closes it; sockets opened through it stay open.
 *
 * <p>Threads: any. Work inside the namespace runs on a new platform thread, which enters the namespace and ends with
 * the work. No other thread ever changes its namespace. Entering needs CAP_SYS_ADMIN.
 *
 * <p>Source: {@code setns(2)}, {@code network_namespaces(7)}, {@code ip-netns(8)}, {@code uapi/linux/sockios.h}.
 */
public final class NetworkNamespace implements AutoCloseable {
    private static final Path NAMED = NamespaceNames.FOLDER;
    private static final Path OF_THREAD = Path.of("/proc/thread-self/ns/net");

    private final String name;
    private final NamespaceFile file;
    private int fd;

    private NetworkNamespace(String name, NamespaceFile file, int fd) {
        this.name = name;
        this.file = file;
        this.fd = fd;
    }

    /** Work to run inside a namespace. */
    @FunctionalInterface
    public interface Work<T> {
        T run() throws NetlinkException;
    }

    /** The calling thread's namespace; it has no name. */
    public static NetworkNamespace current() throws NetlinkException {
        return open(OF_THREAD, "");
    }

    /** The namespace that {@code ip netns} calls {@code name}: a file in /var/run/netns. */
    public static NetworkNamespace named(String name) throws NetlinkException {
        if (name.isEmpty() || name.contains("/") || name.equals(".") || name.equals("..")) {
            throw new NetlinkException(
                    "open network namespace \"" + name + "\"",
                    Errno.EINVAL,
                    "a name is one file name in " + NAMED,
                    NetlinkException.NO_OFFSET);
        }
        return open(NAMED.resolve(name), name);
    }

    /**
     * The namespace that a file refers to, such as {@code /proc/PID/ns/net}; it has a name if the file is in
     * /var/run/netns.
     */
    public static NetworkNamespace path(Path path) throws NetlinkException {
        Path parent = path.toAbsolutePath().normalize().getParent();
        boolean named = NAMED.equals(parent) || Path.of("/run/netns").equals(parent);
        return open(path, named ? String.valueOf(path.getFileName()) : "");
    }

    /** The namespace that a file refers to, under a name of the caller's choice. */
    public static NetworkNamespace path(Path path, String name) throws NetlinkException {
        return open(path, name);
    }

    /** A new, empty namespace without a name, which ends when its last handle and socket are closed. */
    public static NetworkNamespace create() throws NetlinkException {
        return onOwnThread(() -> {
            int result = Libc.unshare(Libc.CLONE_NEWNET);
            int errno = result < 0 ? Native.getLastError() : 0;
            if (errno != 0) {
                throw new NetlinkException("create a network namespace", errno);
            }
            return current();
        });
    }

    /**
     * The namespace that a socket belongs to, without a name: {@code SIOCGSKNS}, since Linux 4.10, commit c62cce2caee5.
     * EPERM without CAP_NET_ADMIN over it.
     */
    static NetworkNamespace of(NetlinkSocket socket) throws NetlinkException {
        String operation = "open the socket's network namespace";
        int fd = Libc.ioctl(socket.fd(), Libc.SIOCGSKNS, 0);
        int errno = fd < 0 ? Native.getLastError() : 0;
        return opened(operation, "", fd, errno);
    }

    private static NetworkNamespace open(Path path, String name) throws NetlinkException {
        byte[] bytes = (path + "\0").getBytes(StandardCharsets.UTF_8);
        int fd = Libc.open(bytes, Libc.O_RDONLY | Libc.O_CLOEXEC);
        int errno = fd < 0 ? Native.getLastError() : 0;
        return opened("open network namespace " + path, name, fd, errno);
    }

    private static NetworkNamespace opened(String operation, String name, int fd, int errno) throws NetlinkException {
        if (fd < 0) {
            throw new NetlinkException(operation, errno);
        }
        try {
            Path file = Path.of("/proc/self/fd/" + fd); // of the opened file: the path may name another one by now
            return new NetworkNamespace(name, NamespaceFile.numbers(file), fd);
        } catch (IOException e) {
            Libc.close(fd);
            throw new NetlinkException(operation, Errno.EIO, ErrorText.reason(e), NetlinkException.NO_OFFSET);
        }
    }

    /** The name, or the inode as text when it has none. */
    public String label() {
        return name.isEmpty() ? Long.toString(inode()) : name;
    }

    /** {@code st_dev} of nsfs. */
    long device() {
        return file.device();
    }

    /** The namespace as its files show it. */
    public NamespaceFile file() {
        return file;
    }

    /**
     * Inode on nsfs: two handles have the same inode exactly when they refer to the same namespace, while one of them
     * is open.
     */
    public long inode() {
        return file.inode();
    }

    /** Runs {@code work} inside this namespace and waits for it; blocks uninterruptibly. */
    public <T> T call(Work<T> work) throws NetlinkException {
        return onOwnThread(() -> {
            enter();
            return work.run();
        });
    }

    /** Not while it is being closed: another file may get the descriptor's number. */
    private synchronized void enter() throws NetlinkException {
        int result = Libc.setns(fd, Libc.CLONE_NEWNET);
        int errno = result < 0 ? Native.getLastError() : 0;
        if (errno != 0) {
            throw new NetlinkException("enter network namespace " + label(), errno);
        }
    }

    private static <T> T onOwnThread(Work<T> work) throws NetlinkException {
        FutureTask<T> task = new FutureTask<>(work::run);
        Thread thread = new Thread(task, "ctstream-netns");
        thread.setDaemon(true);
        thread.start();
        boolean interrupted = false;
        try {
            while (true) {
                try {
                    return task.get();
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
        } catch (ExecutionException e) {
            throw rethrown(e.getCause());
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /** The failure, for the thread that asked for the work. */
    private static NetlinkException rethrown(@Nullable Throwable failure) {
        if (failure instanceof NetlinkException refused) {
            return refused;
        }
        if (failure instanceof Error error) {
            throw error;
        }
        throw failure instanceof RuntimeException bug ? bug : new IllegalStateException(failure);
    }

    @Override
    public synchronized void close() {
        int open = fd;
        fd = -1;
        if (open >= 0) {
            Libc.close(open);
        }
    }
}
