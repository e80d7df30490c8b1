"""What customers of services do in `tillit simulate` (H10): every service with every outcome it can have."""
