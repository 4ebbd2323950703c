package dev.ctstream.nftables;

import dev.ctstream.netlink.CHeaders;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The system's headers agree with our nf_tables numbers. */
class NfTablesOracleIT {
    @TempDir
    Path folder;

    @Test
    void everyNumberMatchesTheHeaders() throws Exception {
        new CHeaders(
                        "linux/netlink.h",
                        "linux/netfilter.h",
                        "linux/netfilter/nf_tables.h",
                        "linux/netfilter/nf_tables_compat.h",
                        "linux/netfilter/nfnetlink.h")
                .constants(NfTables.class, name -> true)
                .agree(folder, 60);
    }
}
