/* The list of what is looked for at boot. */
#include "drivers/drivers.h"
#include "drivers/pci.h"
#include "drivers/serial.h"
#include "drivers/virtio.h"

void drivers_init(void)
{
	serial_init();		/* console input, /dev/console, /dev/ttyS0 to ttyS3 */
	pci_init();		/* bus 0 and what lies behind bridges; probes virtio-pci */
	virtio_mmio_init();	/* what the command line names (microvm) */
}
