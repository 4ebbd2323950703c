package dev.ctstream.bench;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;

/**
 * What a process has used so far, from {@code /proc/PID}.
 *
 * @param userSeconds of all its threads, also of those that have ended; to 10 ms
 * @param systemSeconds likewise
 * @param threadSeconds of the threads that live, by group (see {@link #group}); to 1 ns
 * @param rssBytes resident memory now
 * @param peakRssBytes the most that was resident
 */
record CpuTimes(
        double userSeconds, double systemSeconds, Map<String, Double> threadSeconds, long rssBytes, long peakRssBytes) {
    /** {@code USER_HZ}: the same on all architectures that Java runs on. */
    private static final double TICKS_PER_SECOND = 100;

    private static final double NANOS_PER_SECOND = 1e9;
    private static final int KIB = 1024;
    /** Fields of {@code /proc/PID/stat} behind the name in parentheses; the third field of all is the first of these. */
    private static final int UTIME = 14 - 3;

    private static final int STIME = 15 - 3;

    /** Reads those of a process. */
    static CpuTimes of(long pid) throws IOException {
        Path process = Path.of("/proc", Long.toString(pid));
        String status = Files.readString(process.resolve("status"));
        String stat = Files.readString(process.resolve("stat"));
        return new CpuTimes(
                statField(stat, UTIME) / TICKS_PER_SECOND,
                statField(stat, STIME) / TICKS_PER_SECOND,
                threads(process.resolve("task")),
                statusBytes(status, "VmRSS:"),
                statusBytes(status, "VmHWM:"));
    }

    private static Map<String, Double> threads(Path tasks) throws IOException {
        Map<String, Double> seconds = new TreeMap<>();
        try (DirectoryStream<Path> all = Files.newDirectoryStream(tasks)) {
            for (Path task : all) {
                add(task, seconds);
            }
        }
        return seconds;
    }

    private static void add(Path task, Map<String, Double> seconds) throws IOException {
        try {
            String name = Files.readString(task.resolve("comm")).strip();
            seconds.merge(group(name), runSeconds(Files.readString(task.resolve("schedstat"))), Double::sum);
        } catch (FileSystemException e) {
            if (Files.exists(task)) {
                throw e;
            }
        }
    }

    /** Number {@code index} behind the name. */
    static double statField(String stat, int index) {
        String[] fields = stat.substring(stat.lastIndexOf(')') + 2).strip().split(" ", -1);
        return Double.parseDouble(fields[index]);
    }

    /** A line of {@code /proc/PID/status} that gives kB; 0 when it is not there. */
    static long statusBytes(String status, String key) {
        return status.lines()
                .filter(line -> line.startsWith(key))
                .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) * KIB)
                .findFirst()
                .orElse(0);
    }

    /** Time on a CPU: the first number of {@code schedstat}, in nanoseconds. */
    static double runSeconds(String schedstat) {
        return Long.parseLong(schedstat.strip().split(" ", 2)[0]) / NANOS_PER_SECOND;
    }

    /** What a thread works for, by the first 15 bytes of its name, which is what the kernel keeps. */
    static String group(String comm) {
        if (comm.startsWith("ctstream-")) {
            String role = comm.substring("ctstream-".length());
            return switch (role) {
                case "receiv" -> "receive";
                case "spool" -> "spool";
                case "publis" -> "publish";
                default -> "control";
            };
        }
        if (comm.startsWith("kafka-")) {
            return "kafka";
        }
        if (comm.startsWith("C1 Compiler") || comm.startsWith("C2 Compiler") || comm.startsWith("Sweeper")) {
            return "jit";
        }
        if (comm.startsWith("VM Thread") || comm.startsWith("GC Thread") || comm.startsWith("G1 ")) {
            return "gc";
        }
        return "other";
    }

    /** All CPU time of the process. */
    double seconds() {
        return userSeconds + systemSeconds;
    }

    /** What was used since an earlier sample; memory as it is now. */
    CpuTimes since(CpuTimes earlier) {
        Map<String, Double> threads = new TreeMap<>(threadSeconds);
        earlier.threadSeconds.forEach((group, before) -> threads.merge(group, -before, Double::sum));
        return new CpuTimes(
                userSeconds - earlier.userSeconds,
                systemSeconds - earlier.systemSeconds,
                threads,
                rssBytes,
                peakRssBytes);
    }
}
