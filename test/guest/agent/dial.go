// The transport of hcsshim's Linux guest agent for a machine without Hyper-V: instead of a port of the host it dials a Unix socket, as the
// library's Unix-socket transport listens. It takes the place of internal/guest/transport/vsock.go when build.sh builds the agent.

package transport

import (
	"fmt"
	"net"
	"os"
)

// VsockTransport has the name that the agent's main program uses.
type VsockTransport struct{}

// Dial connects to GUEST_SOCKETS followed by the port. *net.UnixConn has all that a Connection must have.
func (*VsockTransport) Dial(port uint32) (Connection, error) {
	address := &net.UnixAddr{Net: "unix", Name: fmt.Sprintf("%s%d", os.Getenv("GUEST_SOCKETS"), port)}
	conn, err := net.DialUnix("unix", nil, address)
	if err != nil {
		return nil, err
	}
	return conn, nil
}
