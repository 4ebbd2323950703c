package dev.ctstream.bench;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;

/**
 * CPU time and memory that a process has used so far, from {@code /proc/PID}.
 *
 * @param userSeconds user time of all its threads, including those that have ended; resolution 10 ms
 * @param systemSeconds system time, likewise
 * @param threadSeconds CPU time of the live threads, by group (see {@link #group}); resolution 1 ns
 * @param rssBytes resident memory now
 * @param peakRssBytes maximum of resident memory
 */
record CpuTimes(
        double userSeconds, double systemSeconds, Map<String, Double> threadSeconds, long rssBytes, long peakRssBytes) {
    /** {@code USER_HZ}: the same on all architectures that Java runs on. */
    private static final double TICKS_PER_SECOND = 100;

    private static final double NANOS_PER_SECOND = 1e9;
    private static final int KIB = 1024;
    /**
     * Index among the fields of {@code /proc/PID/stat} after the name in parentheses; the first of these is field 3.
     */
    private static final int UTIME = 14 - 3;

    private static final int STIME = 15 - 3;

    /** Reads the values of a process. */
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

    /** Field {@code index} after the name. */
    static double statField(String stat, int index) {
        String[] fields = stat.substring(stat.lastIndexOf(')') + 2).strip().split(" ", -1);
        return Double.parseDouble(fields[index]);
    }

    /** Value of a line of {@code /proc/PID/status} in kB, as bytes; 0 when the line is missing. */
    static long statusBytes(String status, String key) {
        return status.lines()
                .filter(line -> line.startsWith(key))
                .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) * KIB)
                .findFirst()
                .orElse(0);
    }

    /** Seconds on a CPU, from the first number of {@code schedstat}, which is in nanoseconds. */
    static double runSeconds(String schedstat) {
        return Long.parseLong(schedstat.strip().split(" ", 2)[0]) / NANOS_PER_SECOND;
    }

    /** The group of a thread, by the first 15 bytes of its name; the kernel keeps no more. */
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

    /**
     * Total CPU time of the process. {@code stat} counts ended threads too, but in ticks of 10 ms; {@code schedstat}
     * counts nanoseconds, but of living threads alone: the greater of the two is nearer.
     */
    double seconds() {
        double living =
                threadSeconds.values().stream().mapToDouble(Double::doubleValue).sum();
        return Math.max(userSeconds + systemSeconds, living);
    }

    /** CPU time used since an earlier sample; memory as of now. */
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
