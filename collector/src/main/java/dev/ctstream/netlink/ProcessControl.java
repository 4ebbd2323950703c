package dev.ctstream.netlink;

import com.sun.jna.Native;
import java.io.IOException;
import java.lang.ref.Reference;
import java.nio.ByteBuffer;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Requests of a process to the kernel about the process itself. */
public final class ProcessControl {
    private static final int SIGTERM = 15;
    /** {@code cpu_set_t}: one bit for each CPU, in words of 64. */
    private static final int CPU_SET_BYTES = 128;

    private static final int CPUS_LIMIT = CPU_SET_BYTES * Byte.SIZE;
    private static final int CALLING_THREAD = 0;
    private static final int PRIO_PROCESS = 0;
    private static final int PREFERENCE = 10;
    private static final int LEAST_NICE = -20;
    private static final Path TASKS = Path.of("/proc/self/task");
    /** HotSpot's names of its compiler threads: C1 CompilerThread0, C2 CompilerThread0. */
    private static final Pattern COMPILER = Pattern.compile("C[12] Compiler");

    private static final Path STATUS = Path.of("/proc/self/status");
    private static final String IGNORED = "SigIgn:";
    private static final int HEX = 16;
    private static final long SIG_DFL = 0;

    private ProcessControl() {}

    /**
     * Gives a signal that this process inherited as ignored its default action; leaves any other as it is. The JVM
     * installs no handler for SIGHUP, SIGINT and SIGTERM while they are ignored.
     */
    public static void stopIgnoring(int signal) {
        try (Stream<String> lines = Files.lines(STATUS)) {
            boolean ignored = lines.filter(line -> line.startsWith(IGNORED))
                    .map(line -> line.substring(IGNORED.length()).strip())
                    .anyMatch(mask -> (Long.parseUnsignedLong(mask, HEX) >>> (signal - 1) & 1) == 1);
            if (ignored) {
                Libc.signal(signal, SIG_DFL);
            }
        } catch (IOException e) {
            // Without /proc nothing else of the collector works either.
        }
    }

    /** Effective user id, as seen in this user namespace. */
    public static int uid() {
        return Libc.geteuid();
    }

    /**
     * Asks the kernel to end this process (SIGTERM) when its parent ends, for whatever reason.
     *
     * <p>The kernel watches the parent's <em>thread</em>: the parent must start this process from a thread that lives
     * as long as the parent.
     *
     * @param parentPid process id of the parent, as the program that started this process knows it
     * @return false when the parent had ended before the call: no signal will come, so exit now
     */
    public static boolean dieWithParent(long parentPid) throws NetlinkException {
        int result = Libc.prctl(Libc.PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0);
        int errno = result < 0 ? Native.getLastError() : 0;
        if (errno != 0) {
            throw new NetlinkException("ask to end with the parent", errno);
        }
        return Libc.getppid() == parentPid;
    }

    /** As {@link #dieWithParent(long)}, for the current parent. */
    public static void dieWithParent() throws NetlinkException {
        dieWithParent(Libc.getppid());
    }

    /**
     * Keeps the calling thread on one CPU. Threads and processes that it starts later inherit this; JVM threads that
     * are already running do not.
     *
     * @throws NetlinkException EINVAL when there is no such CPU, or this process may not use it
     */
    public static void pinThread(int cpu) throws NetlinkException {
        if (cpu < 0 || cpu >= CPUS_LIMIT) {
            throw new NetlinkException("run on CPU " + cpu, Errno.EINVAL);
        }
        ByteBuffer set = Libc.allocate(CPU_SET_BYTES);
        set.putLong(cpu / Long.SIZE * Long.BYTES, 1L << cpu);
        int errno;
        try {
            int result = Libc.sched_setaffinity(CALLING_THREAD, CPU_SET_BYTES, Libc.address(set));
            errno = result < 0 ? Native.getLastError() : 0;
        } finally {
            Reference.reachabilityFence(set);
        }
        if (errno != 0) {
            throw new NetlinkException("run on CPU " + cpu, errno);
        }
    }

    /**
     * Prefers the calling thread to the ordinary threads of this process and of the host: its nice value is lower than
     * the process's by {@value #PREFERENCE}, which weighs ten to one. Threads that it starts later inherit this. The
     * JVM's compiler threads get the same value: a preferred thread that never rests would starve them where they share
     * its CPU, and go on in the interpreter. Calling it again changes nothing.
     *
     * @return whether the kernel allowed it, which takes CAP_SYS_NICE or room in RLIMIT_NICE; false = nothing has
     *     changed
     */
    public static boolean preferThread() {
        int nice = Math.max(LEAST_NICE, ordinaryNice() - PREFERENCE);
        boolean allowed = Libc.setpriority(PRIO_PROCESS, CALLING_THREAD, nice) == 0;
        if (allowed) {
            compilers().forEach(thread -> Libc.setpriority(PRIO_PROCESS, thread, nice));
        }
        return allowed;
    }

    /** Ends the preference of the calling thread alone, after a {@link #preferThread} that returned true. */
    public static void preferThreadNoLonger() {
        Libc.setpriority(PRIO_PROCESS, CALLING_THREAD, ordinaryNice());
    }

    /** That of the thread that started the JVM, which nobody prefers. PRIO_PROCESS means a thread on Linux. */
    private static int ordinaryNice() {
        return Libc.getpriority(PRIO_PROCESS, (int) ProcessHandle.current().pid());
    }

    private static List<Integer> compilers() {
        List<Integer> threads = new ArrayList<>();
        try (DirectoryStream<Path> tasks = Files.newDirectoryStream(TASKS)) {
            for (Path task : tasks) {
                if (COMPILER.matcher(Files.readString(task.resolve("comm"))).lookingAt()) {
                    threads.add(Integer.valueOf(task.getFileName().toString()));
                }
            }
        } catch (IOException e) {
            // A thread has just ended, or without /proc: those found so far.
        }
        return threads;
    }
}
