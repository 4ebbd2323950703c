package dev.ctstream.cli.demo;

import dev.ctstream.cli.ExitCode;
import dev.ctstream.netlink.Links;
import dev.ctstream.netlink.NetlinkException;

/**
 * Brings the loopback of this network namespace up and ends. The launcher runs it in the demo's new namespace before the
 * demo's own JVM: one whose network library is loaded while no interface has an IPv6 address has no IPv6 for life, and
 * Java 25 loads it before any code of ours runs.
 */
final class DemoLoopback {
    private DemoLoopback() {}

    /** Takes no arguments. */
    public static void main(String[] arguments) {
        try {
            Links.bringUp("lo");
        } catch (NetlinkException e) {
            System.err.println("ctstream: " + e.getMessage());
            System.exit(ExitCode.PRIVILEGE);
        }
    }
}
