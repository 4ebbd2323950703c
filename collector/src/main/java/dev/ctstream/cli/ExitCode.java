package dev.ctstream.cli;

/** Exit codes of the process. */
public final class ExitCode {
    /** The command succeeded. */
    public static final int OK = 0;
    /** The command failed, or its check found a problem. */
    public static final int FAILURE = 1;
    /** Wrong options or configuration; nothing was started. */
    public static final int USAGE = 2;
    /** No CAP_NET_ADMIN, or a kernel without ctnetlink. */
    public static final int PRIVILEGE = 3;

    private ExitCode() {}
}
