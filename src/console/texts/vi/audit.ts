import type { audit as english } from "../en/audit.ts";
import type { Texts } from "../en/index.ts";

export const audit: Texts<typeof english> = {
  "audit.event": "Sự kiện",
  "audit.when": "Khi nào",
  "audit.action": "Hành động",
  "audit.actor": "Người thực hiện",
  "audit.resource": "Tài nguyên",
  "audit.resourceType": "Loại tài nguyên",
  "audit.from": "Từ",
  "audit.to": "Đến",
  "audit.none": "Không có sự kiện nào phù hợp.",
  "audit.notPermitted": "Nhật ký kiểm toán dành cho kiểm toán viên.",
  "audit.request": "Mã yêu cầu HTTP",
  "audit.before": "Trước",
  "audit.after": "Sau",
  "audit.digests": "Các mã băm",
  "audit.proving": "Đang kiểm tra bằng chứng…",
  "audit.proved": "Đã chứng minh: sự kiện nằm trong nhật ký đã ký, đúng như hiển thị.",
  "audit.wrong": "Bằng chứng sai. Nội dung hiển thị không phải điều mà nhật ký đã ký.",
  "audit.lead":
    "Trình duyệt này tự kiểm tra (RFC 9162, SHA-256): lá {leaf} của cây gồm {size} lá. Hãy so khóa của nhật ký với khóa bạn lưu giữ.",
  "audit.check.event": "Mục ghi đúng nội dung hiển thị",
  "audit.check.leaf": "Lá là mã băm của mục ghi",
  "audit.check.path": "Đường dẫn đi từ lá đến gốc",
  "audit.check.head": "Đầu nhật ký đã ký có đúng gốc và kích thước đó, và thuộc nhật ký này",
  "audit.check.signature": "Khóa của nhật ký đã ký đầu nhật ký",
  "audit.check.listed": "Danh sách hiển thị cùng một sự kiện",
  "audit.unsealed": "Chưa có bằng chứng: sự kiện chưa được niêm phong hoặc không tồn tại.",
  "audit.retained": "Sự kiện đã được xuất và không còn trong cơ sở dữ liệu. Nó nằm trong một trong các tệp này:",
  "audit.save": "Lưu sự kiện và bằng chứng",
};
