package dev.ctstream.netlink;

import org.jspecify.annotations.Nullable;

/** Checks whether this process can make system calls at all. Call it before using anything else in this package. */
public final class HostCheck {
    /** What to do when a native library cannot be loaded from where it was unpacked. */
    public static final String NOEXEC_REMEDY = "if the temporary folder is mounted noexec, name one that is not:"
            + " CTSTREAM_JAVA_OPTS='-Djava.io.tmpdir=DIR -Djna.tmpdir=DIR'";

    private HostCheck() {}

    /** Found out once: a library that cannot be loaded says why only the first time. */
    private static final class Result {
        private static final @Nullable String PROBLEM = look();

        private Result() {}
    }

    /**
     * The reason why netlink does not work on this host, as a sentence for the operator.
     *
     * @return null when netlink works
     */
    public static @Nullable String problem() {
        return Result.PROBLEM;
    }

    private static @Nullable String look() {
        String system = System.getProperty("os.name", "");
        if (!system.equals("Linux")) {
            return "ctstream reads the Linux kernel's connection tracking and cannot run on " + system;
        }
        return nativeProblem();
    }

    private static @Nullable String nativeProblem() {
        try {
            if (com.sun.jna.Native.POINTER_SIZE != Long.BYTES) {
                return "ctstream needs a 64-bit JVM; this one has " + com.sun.jna.Native.POINTER_SIZE * Byte.SIZE
                        + "-bit addresses (os.arch " + System.getProperty("os.arch") + ")";
            }
            Libc.geteuid();
            return null;
        } catch (LinkageError e) { // no JNA library for this machine, or its directory is mounted noexec
            return "the C library cannot be called through JNA (" + ErrorText.reason(e) + "); " + NOEXEC_REMEDY;
        }
    }
}
